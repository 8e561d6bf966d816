/** Machines that lack something, shown to doctor one thing at a time; and this one, whole. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diagnose } from './doctor.ts'
import * as host from './host.ts'

const LIMITS = (hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 ${hard}              files     \n`

describe.each([
  ['another system', host.platform('darwin', 'arm64'), 'missing', /Run it on Linux/],
  ['no /proc', host.platform('linux', 'x64', '/nope'), 'missing', /Mount \/proc/],
  ['an untried processor', host.platform('linux', 'riscv64'), 'note', /x64 and arm64/],
  ['few files', host.openFiles(LIMITS('1024')), 'missing', /ulimit -Hn/],
  ['an unreadable limit', host.openFiles(''), 'note', /ulimit/],
  ['little memory', host.memory(2 ** 29), 'note', /1\.5 GiB/],
  ['the clock of 1970', host.clock(5_000), 'missing', /Set the clock/],
] as const)('%s', (_, finding, state, todo) => {
  it(`is ${state}, with the next step`, () => {
    expect(finding).toMatchObject({ state, todo: expect.stringMatching(todo) })
  })
})

it.each([
  ['platform', host.platform('linux', 'arm64')],
  ['files', host.openFiles(LIMITS('4096'))],
  ['files without a limit', host.openFiles(LIMITS('unlimited'))],
  ['memory', host.memory(2 ** 31)],
  ['clock', host.clock(Date.now())],
])('%s as it should be', (_, finding) => {
  expect(finding).toMatchObject({ state: 'fine', todo: null })
})

describe('the whole', () => {
  let root: string
  const before = { ...process.env }
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-doctor-'))
  })
  afterEach(() => {
    process.env = { ...before }
    rmSync(root, { recursive: true, force: true })
  })

  const rows = async (stateDir = path.join(root, '.eoslab'), brokers?: string) => {
    const { fine, findings } = await diagnose({ stateDir, brokers })
    return { fine, row: (what: string) => findings.find((finding) => finding.what === what) }
  }

  it('names a broken JAVA_HOME', async () => {
    process.env['JAVA_HOME'] = path.join(root, 'no-java')
    const { fine, row } = await rows()
    expect(fine).toBe(false)
    expect(row('Java')).toMatchObject({ state: 'missing', todo: expect.stringMatching(/Correct JAVA_HOME/) })
  })

  it('wants Maven only while the cache is empty', async () => {
    process.env['EOSLAB_CACHE'] = path.join(root, 'cache')
    const java = (await rows()).row('Java')!.found.replace(/^.* at /, '')
    process.env['JAVA_HOME'] = path.dirname(path.dirname(java))
    process.env['PATH'] = root
    expect((await rows()).row('Maven')).toMatchObject({
      state: 'missing',
      todo: expect.stringMatching(/Install Maven/),
    })
  })

  it('names folders that cannot be written, and the way around', async () => {
    process.env['EOSLAB_CACHE'] = '/dev/null/cache'
    process.env['EOSLAB_RESULTS'] = '/dev/null/results'
    const { row } = await rows('/dev/null/state')
    expect(row('state')).toMatchObject({ state: 'missing', todo: expect.stringMatching(/--state-dir/) })
    expect(row('results')).toMatchObject({ state: 'missing', todo: expect.stringMatching(/EOSLAB_RESULTS/) })
    expect(row('cache')).toMatchObject({ state: 'missing', todo: expect.stringMatching(/EOSLAB_CACHE/) })
  })

  it('names a broker that was given and does not answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const { fine, row } = await rows(undefined, `127.0.0.1:${port}`)
    expect(fine).toBe(false)
    expect(row('broker')).toMatchObject({ state: 'missing', todo: expect.stringMatching(/EOSLAB_BROKERS/) })
  })
})

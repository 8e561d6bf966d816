/**
 * A disk that fills up, during an apply and during a snapshot: the process ends with an error of its own, and
 * what was good before is good after. Real: a small tmpfs where mounting is allowed (ENOSPC), and everywhere a
 * limit on file sizes (EFBIG), which is what a quota looks like.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleLineage } from '../../core/ports/store.contract.ts'
import { checkSnapshot, SnapshotDirectory, snapshotFile } from './snapshot-files.ts'
import { takeSnapshot } from './snapshots.ts'
import { StateDirectory } from './state-directory.ts'

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)

/** Applies batches until that fails, or until there are `batches`; then takes a snapshot. Says what happened. */
const CHILD = `
  import { StateDirectory } from ${here('state-directory.ts')}
  import { appendFileSync } from 'node:fs'
  import { takeSnapshot } from ${here('snapshots.ts')}
  const [dir, shelf, batches] = process.argv.slice(1)
  const home = new StateDirectory(dir, shelf)
  const { store } = home.open()
  const life = store.owner()
  let good = store.position().nextInput
  const tell = (failed, error) => console.log(JSON.stringify({ failed, good, code: error?.code, message: error?.message }))
  try {
    for (let n = 0; n < Number(batches); n++) {
      const rows = Array.from({ length: 200 }, (_, i) => ({ key: 'k' + (good + i), sum: 1, count: 1, seq: 1, changelogOffset: good + i }))
      store.apply({ owner: life, expectedNextInput: good, rows, next: { nextInput: good + 200, nextChangelog: good + 200 } })
      good += 200
    }
  } catch (error) {
    tell('apply', error)
    process.exit(1)
  }
  // Somebody else takes what room is left.
  try {
    for (;;) appendFileSync(dir + '.filler', Buffer.alloc(4096))
  } catch {}
  try {
    await takeSnapshot({ stateFile: home.currentFile(), dir: shelf, snapshotId: 'second', createdAt: 2, known: [], retain: 3, kind: 'full' })
  } catch (error) {
    tell('snapshot', error)
    process.exit(1)
  }
  tell(null)
`

interface Told {
  readonly failed: 'apply' | 'snapshot' | null
  readonly good: number
  readonly message?: string
}

let root: string
let mounted: boolean
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'eoslab-full-'))
  mounted = false
})
afterEach(() => {
  if (mounted) execFileSync('umount', [root])
  rmSync(root, { recursive: true, force: true })
})

function mount(size: string): boolean {
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', root]).status === 0
  return mounted
}

/** A state with a good snapshot; then the child, under a limit of so many KiB per file if there is one. */
async function live(batches: number, limitKiB?: number) {
  const dir = path.join(root, 'opb-0')
  const shelf = path.join(root, 'snapshots')
  mkdirSync(shelf, { recursive: true })
  const home = new StateDirectory(dir, shelf)
  const store = home.create(sampleLineage)
  store.takeOwnership('life')
  store.close()
  const stateFile = home.currentFile()!
  const first = await takeSnapshot({
    stateFile,
    dir: shelf,
    snapshotId: 'first',
    createdAt: 1,
    known: [],
    retain: 3,
  })
  const limit = limitKiB === undefined ? '' : `ulimit -f ${limitKiB};`
  const args = [
    '-c',
    `${limit} exec "$0" "$@"`,
    process.execPath,
    '--input-type=module-typescript',
    '-e',
    CHILD,
  ]
  const child = spawnSync('bash', [...args, dir, shelf, String(batches)], { encoding: 'utf8' })
  const told = JSON.parse(child.stdout || '{}') as Told
  rmSync(`${dir}.filler`, { force: true })
  // Somebody makes room, or lifts the limit; the next life opens what is there.
  const opened = home.open()
  if (opened.kind !== 'open') throw new Error(`the state is ${opened.kind}`)
  const { nextInput, nextChangelog } = opened.store.position()
  const keys = opened.store.keyCount()
  opened.store.close()
  const checked = checkSnapshot(snapshotFile(shelf, first), first)
  const named = new SnapshotDirectory(shelf).list().map((entry) => entry.snapshotId)
  const files = readdirSync(shelf).filter((name) => /^second\..*(full\.db|part)$/.test(name))
  return { child, told, nextInput, nextChangelog, keys, checked, named, files }
}

type Lived = Awaited<ReturnType<typeof live>>

function expectUnharmed({ child, told, nextInput, nextChangelog, keys, checked, named, files }: Lived): void {
  // By itself, with an error that says what: no signal, no half of anything.
  expect([child.status, child.signal]).toEqual([1, null])
  expect(told.message).toMatch(/full|too large|ENOSPC|EFBIG|no space|disk I\/O/i)
  expect([nextInput, nextChangelog, keys]).toEqual([told.good, told.good, told.good])
  expect([checked, named, files]).toEqual([undefined, ['first'], []])
}

describe('a file that may not grow', () => {
  it('stops an apply, and the batches before it stay', async () => {
    const lived = await live(10_000, 512)
    expect(lived.told.failed).toBe('apply')
    expect(lived.told.good).toBeGreaterThan(0)
    // SQLite only says "disk I/O error".
    expect(lived.told.message).toMatch(/refuses such a write with EFBIG$/)
    expectUnharmed(lived)
  })
})

describe('a disk without room', () => {
  it('stops an apply, and the batches before it stay', async (context) => {
    if (!mount('2m')) context.skip('mounting a tmpfs is not permitted here')
    const lived = await live(10_000)
    expect(lived.told.failed).toBe('apply')
    expectUnharmed(lived)
  })

  it('stops a snapshot, and the one before it stays', async (context) => {
    if (!mount('8m')) context.skip('mounting a tmpfs is not permitted here')
    const lived = await live(20)
    expect(lived.told.failed).toBe('snapshot')
    expect(lived.told.good).toBe(4_000)
    expectUnharmed(lived)
  })
})

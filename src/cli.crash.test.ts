/**
 * The command line from outside: real processes on the real broker, with good input and with bad.
 * Every command has its exit code, its JSON and a next step; nothing is damaged and nothing is left running.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { RunResult } from './core/matrix/result.ts'
import type { CheckReport } from './lab/judge/check.ts'
import type { OperatorResult } from './lab/operator/operator.ts'
import type { RecoverResult } from './lab/recovery/recover.ts'
import type { ListResult, TakeResult } from './lab/recovery/snapshot.ts'
import { Cli, eventually } from './testing/cli.ts'

let cli: Cli
beforeAll(() => {
  cli = new Cli(inject('brokers'))
})
afterAll(() => cli.dispose())

let made = 0
const newPrefix = (): string => `cli${process.pid}x${Date.now().toString(36)}${++made}.`
const put = (name: string, text: string): string => {
  const file = path.join(cli.root, name)
  writeFileSync(file, text)
  return file
}
const opb = (prefix: string): string => `opb --prefix ${prefix} --until-caught-up`

describe('the pipeline by hand', () => {
  const prefix = newPrefix()

  test('gen, opa and opb in a row: valid, and not a cent is missing', async () => {
    const sent = await cli.json<{ orders: number; dirty: number }>(
      `gen --prefix ${prefix} --orders 400 --dirty 2% --duplicate-ids 1%`,
    )
    expect(sent.orders).toBe(400)
    expect(sent.dirty).toBeGreaterThan(0)
    const opa = await cli.json<OperatorResult>(`opa --prefix ${prefix} --until-caught-up`)
    expect(opa).toMatchObject({ operator: 'opa', records: 400, ended: 'caught up' })
    const aggregated = await cli.json<OperatorResult>(opb(prefix))
    expect(aggregated).toMatchObject({ operator: 'opb', records: 400 - sent.dirty, ended: 'caught up' })
    const report = await cli.json<CheckReport>(`check --prefix ${prefix}`)
    expect(report).toMatchObject({ verdict: 'valid', anomalies: [], clean_end: true })
    const { totals } = report
    expect(totals).toMatchObject({
      orders: 400,
      rejected: sent.dirty,
      dlq: sent.dirty,
      output: 400 - sent.dirty,
    })
    expect(totals['sum_in']).toBeGreaterThan(0)
    expect([totals['sum_out'], totals['sum_expected']]).toEqual([totals['sum_in'], totals['sum_in']])
  })

  test('a task with a live owner is left alone, but takes a snapshot when asked', async () => {
    const live = cli.start(`opb --prefix ${prefix}`)
    await eventually('opb to recover', () => live.said().includes('"lag zero"'))
    const second = await cli.refusal(opb(prefix))
    expect(second).toMatchObject({
      code: 'LIVE_OWNER',
      message: expect.stringMatching(/opb-0.*pid \d+/) as string,
    })
    expect(second.hint).toContain('kill -TERM')
    const refused = await cli.refusal(`recover --prefix ${prefix}`)
    expect(refused).toMatchObject({ code: 'LIVE_OWNER', exit: 2 })
    expect(refused.message).toContain('nothing was touched')

    const first = await cli.json<TakeResult>(`snapshot take --prefix ${prefix}`)
    const taken = [...first.snapshots]
    expect(taken).toEqual([
      expect.objectContaining({ partition: 0, by: expect.stringMatching(/^opb\.a\./) as string }),
    ])
    // Of the kind that was asked for: on top of that one, and then a whole one, which by itself it would not take.
    for (const kind of ['partial', 'full']) {
      const asked = await cli.json<TakeResult>(`snapshot take --prefix ${prefix} --kind ${kind}`)
      expect(asked.snapshots).toMatchObject([{ partition: 0, kind, by: taken[0]!.by }])
      taken.unshift(asked.snapshots[0]!)
    }
    const { snapshots } = await cli.json<ListResult>(`snapshot list --prefix ${prefix}`)
    expect(snapshots[0]).toMatchObject({
      snapshotId: taken[0]!.snapshot_id,
      known_from: 'manifest',
      file: 'there',
    })

    live.kill('SIGTERM')
    expect(await live.done).toMatchObject({ exit: 0 })
    const unknown = await cli.refusal(`recover --prefix ${prefix} --manifest nope`)
    expect(unknown).toMatchObject({ code: 'NO_MANIFEST', message: expect.stringContaining('nope') as string })
    expect(unknown.hint).toContain(taken[0]!.snapshot_id)
    const recovered = await cli.json<RecoverResult>(`recover --prefix ${prefix} --manifest latest`)
    expect(recovered.restored_keys).toBe(snapshots[0]!.keys)
    expect(recovered.restored_keys).toBeGreaterThan(0)
    expect(await cli.json<CheckReport>(`check --prefix ${prefix}`)).toMatchObject({ verdict: 'valid' })
  })

  test('a state directory of another window, mode or prefix is refused and stays as it is', async () => {
    const state = path.join(cli.stateDir, prefix, 'opb-0', 'CURRENT')
    const before = readFileSync(state, 'utf8')
    for (const other of ['--window 120s', '--changelog off']) {
      const error = await cli.refusal(`${opb(prefix)} ${other}`)
      expect(error).toMatchObject({
        code: 'STATE_MISMATCH',
        message: expect.stringContaining('opb-0') as string,
      })
      expect(error.hint).toContain('--state-dir')
    }
    expect(readFileSync(state, 'utf8')).toBe(before)
    expect(await cli.json<OperatorResult>(opb(prefix))).toMatchObject({ records: 0 })
  })
})

test('killed inside its second commit, opb recovers when it is run again', async () => {
  const prefix = newPrefix()
  await cli.json(`gen --prefix ${prefix} --orders 300`)
  await cli.json(`opa --prefix ${prefix} --until-caught-up`)
  const killed = await cli.json<OperatorResult>(`${opb(prefix)} --batch 50 --crash-at opb.commit.mid:2`)
  expect(killed.ended).toBe('killed at opb.commit.mid hit 2')
  const again = await cli.run(`${opb(prefix)} --json`)
  expect(again.exit).toBe(0)
  // One batch was applied before the kill; the second is in the log only, and comes back from there.
  expect(again.stderr).toMatch(/"restore ok".*"source":"local"/)
  expect(again.stderr).toMatch(/"replay done".*"applied":50,/)
  expect(JSON.parse(again.stdout)).toMatchObject({ records: 200, ended: 'caught up' })
  const report = await cli.json<CheckReport>(`check --prefix ${prefix}`)
  expect(report).toMatchObject({ verdict: 'valid', totals: { output: 300, changelog: 300 } })
})

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`)

test('Ctrl-C in the middle of a matrix: exit 130, what was measured is kept, nothing else is left', async () => {
  /** Process ids that the supervisor has journalled. */
  const workers = (): number[] => {
    const cells = existsSync(cli.stateDir) ? readdirSync(cli.stateDir) : []
    const files = cells
      .filter((name) => name.startsWith('cm-'))
      .map((name) => path.join(cli.stateDir, name, 'journals', 'supervisor.a.1.jsonl'))
      .filter((file) => existsSync(file))
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    return lines
      .filter((line) => line.includes('"f":"spawn"'))
      .map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]))
  }
  const matrix = cli.start('crash-matrix --at opb.commit.mid --repeat 20 --orders 300')
  await eventually('a cell to be over', () => matrix.said().includes('[1/20] '))
  const spawned = await eventually('workers of the next', () => workers().length >= 2 && workers())
  matrix.kill('SIGINT')
  const ran = await matrix.done
  expect(ran.exit).toBe(130)
  const [, done, dir] =
    /stopped after (\d+) of 20 cells; what was measured: \S+ report (\S+)/.exec(ran.stderr) ?? []
  const kept = JSON.parse(readFileSync(path.join(cli.root, dir!, 'interrupted.json'), 'utf8')) as RunResult
  expect(kept).toMatchObject({ interrupted: true, verdict: 'valid' })
  expect(kept.cells).toHaveLength(Number(done))
  expect(existsSync(path.join(cli.root, dir!, 'verdict.json'))).toBe(false)
  await eventually('the workers to be gone', () => !spawned.some(alive), 5_000)
  const left = existsSync(cli.stateDir) ? readdirSync(cli.stateDir) : []
  expect(left.filter((name) => name.startsWith('cm-'))).toEqual([])
})

// SIGHUP is a closed terminal, and ends it as SIGTERM does.
test.each([
  ['SIGKILL', undefined],
  ['SIGHUP', 0],
] as const)('%s of eoslab takes its worker with it', async (signal, exit) => {
  const prefix = newPrefix()
  await cli.json(`topics create --prefix ${prefix}`)
  const live = cli.start(`opb --prefix ${prefix}`)
  await eventually('opb to recover', () => live.said().includes('"lag zero"'))
  const { message } = await cli.refusal(opb(prefix))
  const worker = Number(/pid (\d+)/.exec(message)?.[1])
  expect(alive(worker)).toBe(true)
  live.kill(signal)
  expect((await live.done).exit).toBe(exit)
  await eventually('the worker to be gone', () => !alive(worker), 5_000)
})

describe('bad input is refused before a broker is looked for', () => {
  const nobody = '--brokers 127.0.0.1:1'
  const csv = 'orderId,productId,price,qty,storeId,ts\no1,p1,100,1,A,1694500000\no2,p1,ten,1,A,1694500000\n'

  test.each([
    ['crash-matrix --at opb.comit.mid', 'UNKNOWN_POINT', /opb\.comit\.mid/, /did you mean opb\.commit\.mid/],
    ['opb --crash-at opb.comit.mid', 'UNKNOWN_POINT', /opb\.comit\.mid/, /did you mean opb\.commit\.mid/],
    ['crash-matrix --seed abc', 'USAGE', /--seed: "abc"/, /whole number/],
    ['crash-matrix --orders 0', 'USAGE', /--orders: 0/, /at least 1/],
    ['crash-matrix --window 0', 'USAGE', /--window/, /60s/],
    ['crash-matrix more', 'USAGE', /takes no argument: more/, /crash-matrix --help/],
    ['crash-matrix --nope', 'USAGE', /--nope/, /crash-matrix --help/],
    ['crash-mtrix', 'USAGE', /crash-mtrix/, /did you mean crash-matrix/],
    ['crash-matrix --orders 1e99', 'USAGE', /--orders: 1e99 is out of range/, /from 1 to 9007199254740991/],
    ['crash-matrix --at opb.commit.mid --log simulated', 'USAGE', /--at does not go with/, /--schedules/],
    ['crash-matrix --list --junit j.xml', 'USAGE', /--junit does not go with --list/, /leave out --junit/],
    ['crash-matrix --shrink nope', 'RESULTS_UNUSABLE', /nope\/verdict\.json/, /folder of one run/],
    ['opb --stateless --snapshot-every 10s', 'USAGE', /--snapshot-every does not go/, /--stateless/],
    ['evidence p3 --repeat 3', 'USAGE', /--repeat does not go with p3/, /--prefix, --seed/],
    ['gen --prefix ..', 'USAGE', /"\.\." cannot be a prefix/, /add a letter/],
    ['check --prefix broker', 'USAGE', /"broker" cannot be a prefix/, /broker1\./],
    ['gen --state-dir /proc/x/y', 'STATE_UNUSABLE', /--state-dir \/proc\/x\/y/, /on a disk/],
    ['init /proc/x', 'USAGE', /init \/proc\/x/, /on a disk/],
    ['opb --snapshot-dir /proc/x', 'STATE_UNUSABLE', /--snapshot-dir \/proc/, /on a disk/],
    ['crash-matrix --junit /proc/x/y.xml', 'RESULTS_UNUSABLE', /--junit \/proc/, /on a disk/],
    ['gen --from nope.csv', 'BAD_INPUT_FILE', /nope\.csv: does not exist/, /--from/],
    ['run nope.yaml', 'BAD_INPUT_FILE', /nope\.yaml/, /experiments\//],
  ])('eoslab %s', async (line, code, message, hint) => {
    const error = await cli.refusal(`${line} ${nobody}`)
    expect(error).toMatchObject({ code, exit: 2 })
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
  })

  test.each(['gen --prefix f.', 'crash-matrix'])(
    '%s --from a damaged file: its line is named',
    async (command) => {
      const error = await cli.refusal(`${command} --from ${put('bad.csv', csv)} ${nobody}`)
      expect(error).toMatchObject({ code: 'BAD_INPUT_FILE' })
      expect(error.message).toMatch(/bad\.csv: line 3: price is no number: "ten"/)
    },
  )

  test('an experiment file: line and column are named', async () => {
    const error = await cli.refusal(`run ${put('bad.yaml', 'name: x\npionts: [a]\n')} ${nobody}`)
    expect(error).toMatchObject({
      code: 'SCENARIO',
      message: expect.stringMatching(/bad\.yaml:2:1: .*pionts/) as string,
    })
  })
})

describe('an environment that does not help', () => {
  test('nobody at the address: exit 4, and where to look', async () => {
    for (const command of ['gen', 'crash-matrix', 'check --prefix x.']) {
      const error = await cli.refusal(`${command} --brokers 127.0.0.1:1`, 4)
      expect(error).toMatchObject({
        code: 'NO_BROKER',
        message: expect.stringContaining('127.0.0.1:1') as string,
      })
      expect(error.hint).toContain('--brokers')
    }
  })

  test('an address that is none: exit 2, and the form of one', async () => {
    for (const address of ['nonsense', 'http://127.0.0.1:9092', '127.0.0.1:99999', 'a,,b:1']) {
      const error = await cli.refusal(`topics list --brokers ${address}`)
      expect(error).toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(/no broker address/) as string,
      })
      expect(error.hint).toContain('host:port')
    }
  })

  test('a cache in a file system of the kernel: exit 4 at once, not a hang', async () => {
    const ran = await cli.run('broker fetch', { EOSLAB_CACHE: '/proc/x' })
    expect(ran).toMatchObject({ exit: 4, stderr: expect.stringContaining('EOSLAB_CACHE=DIR') as string })
  })

  test('no Java: exit 4, and what to install', async () => {
    const ran = await cli.run('broker start', { JAVA_HOME: '/nonexistent' })
    expect(ran).toMatchObject({ exit: 4, stdout: '' })
    expect(ran.stderr).toMatch(/JAVA_HOME is \/nonexistent/)
    expect(ran.stderr).toMatch(/docker compose up/)
  })

  test('a state directory or results folder that cannot be written: exit 2, and which', async () => {
    const file = put('a-file', '')
    const prefix = newPrefix()
    await cli.json(`topics create --prefix ${prefix}`)
    for (const operator of ['opa', 'opb']) {
      const error = await cli.refusal(`${operator} --prefix ${prefix} --until-caught-up --state-dir ${file}`)
      expect(error).toMatchObject({
        code: 'STATE_UNUSABLE',
        message: expect.stringContaining(file) as string,
      })
      expect(error.hint).toContain('--state-dir')
    }
    const ran = await cli.run('crash-matrix --at opb.commit.mid', { EOSLAB_RESULTS: file })
    expect(ran).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: expect.stringContaining('EOSLAB_RESULTS') as string,
    })
  })
})

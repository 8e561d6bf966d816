/**
 * A disk that fills up under a whole OpB on a real broker: it ends by itself and says what could not be written,
 * what was good stays good, and the next life comes to the state that the log adds up to.
 *
 * The disk is a small tmpfs; where mounting is not permitted these tests are skipped, and say so.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { CheckReport } from './lab/judge/check.ts'
import type { OperatorResult } from './lab/operator/operator.ts'
import type { RecoverResult } from './lab/recovery/recover.ts'
import type { ListResult, TakeResult } from './lab/recovery/snapshot.ts'
import { Cli, eventually } from './testing/cli.ts'

let cli: Cli
let disk: string
let mounted = false
beforeAll(async () => {
  cli = new Cli(inject('brokers'))
  disk = path.join(cli.root, 'disk')
  mkdirSync(disk)
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]).status === 0
})
afterAll(async () => {
  if (mounted) spawnSync('umount', ['-l', disk])
  await cli.dispose()
})

const prefix = `full${process.pid}x${Date.now().toString(36)}.`
/** Nearly every order has a key of its own, so the state grows. */
const OPB = `--prefix ${prefix} --window 1s --state-dir disk`
const ORDERS = 3000

const resize = (size: string): unknown => execFileSync('mount', ['-o', `remount,size=${size}`, 'tmpfs', disk])

/** Somebody else takes all room but so many bytes. */
function fill(left: number): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(path.join(disk, 'filler'), Buffer.alloc(bavail * bsize - left), { flag: 'a' })
}
const makeRoom = (): void => rmSync(path.join(disk, 'filler'))

async function feed(orders: number): Promise<void> {
  await cli.json(`gen --prefix ${prefix} --orders ${orders}`)
  await cli.json(`opa --prefix ${prefix} --until-caught-up`)
}

test('full while it applies: the state is named, and the next life goes on', async (context) => {
  if (!mounted) context.skip('mounting a tmpfs is not permitted here')
  await feed(ORDERS)
  resize('400k')
  const refused = await cli.refusal(`opb ${OPB} --batch 200 --until-caught-up`)
  expect(refused).toMatchObject({
    code: 'STATE_UNUSABLE',
    message: expect.stringMatching(
      /opb-0\/gen-\d+\/state\.db cannot be written: .*full \(SQLITE_FULL\)/,
    ) as string,
    hint: expect.stringContaining('disk') as string,
  })
  resize('32m')
  const next = await cli.json<OperatorResult>(`opb ${OPB} --until-caught-up`)
  // It had committed before the disk was full, and nothing of that was done again.
  expect(next.records).toBeGreaterThan(0)
  expect(next.records).toBeLessThan(ORDERS * 0.9)
})

test('full while it takes a snapshot: that one fails, the one before it stays, OpB goes on', async (context) => {
  if (!mounted) context.skip('mounting a tmpfs is not permitted here')
  const live = cli.start(`opb ${OPB}`)
  await eventually('opb to recover', () => live.said().includes('"lag zero"'))
  const good = await cli.json<TakeResult>(`snapshot take ${OPB}`)
  fill(64 * 1024)
  const refused = await cli.refusal(`snapshot take ${OPB} --kind full`)
  expect(refused).toMatchObject({
    code: 'STATE_UNUSABLE',
    message: expect.stringMatching(/snapshot \S+ of \S+state\.db failed: .*(full|no space)/i) as string,
  })
  const { snapshots } = await cli.json<ListResult>(`snapshot list ${OPB}`)
  expect(snapshots).toMatchObject([
    { snapshotId: good.snapshots[0]!.snapshot_id, known_from: 'manifest', file: 'there' },
  ])

  // And to the last byte, where not even a line of its journal can be written.
  fill(0)
  await feed(200)
  const ended = await live.done
  expect(ended.exit).toBe(2)
  expect(ended.stderr).toMatch(/cannot (be written|write the journal).*(full|no space)/i)
  makeRoom()
  await cli.json(`opb ${OPB} --until-caught-up`)
  const back = async (how: string): Promise<RecoverResult['tasks'][number]> =>
    (await cli.json<RecoverResult>(`recover ${OPB} ${how}`)).tasks[0]!
  const rehearsed = await back('--manifest none --into rehearsal')
  const cold = await back('--manifest latest')
  expect(cold).toMatchObject({ restore_source: 'snapshot', state_hash: rehearsed.state_hash })
  const report = await cli.json<CheckReport>(`check --prefix ${prefix} --window 1s --state-dir disk`)
  expect(report).toMatchObject({ verdict: 'valid', anomalies: [] })
})

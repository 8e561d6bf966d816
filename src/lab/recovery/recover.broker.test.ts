import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { topicNames } from '../../core/contracts/names.ts'
import { createOpb } from '../../core/pipelines/reference/opb.ts'
import type { LogPort } from '../../core/ports/log.ts'
import { withOwnTask } from './own-task.ts'
import { recover, recoverTable } from './recover.ts'
import { listSnapshots, takeSnapshots } from './snapshot.ts'
import { findTarget } from './task-target.ts'
import { createTopics } from '../workload/topics.ts'

const prefix = `recover${Date.now().toString(36)}.`
const names = topicNames(prefix)
const root = mkdtempSync(path.join(tmpdir(), 'eoslab-lab-recover-'))
const talk: string[] = []
const say = (text: string): void => void talk.push(text)
let brokers: string
let log: LogPort
let child: ChildProcess | undefined
const flags = () => ({ brokers, prefix, 'state-dir': root })
const command = (over: object = {}) => ({
  flags: flags(),
  manifest: 'latest',
  replayFrom: 'state' as const,
  say,
  ...over,
})

const value = (i: number): string =>
  JSON.stringify({
    orderId: `o${i}`,
    productId: `p${i % 7}`,
    price: 10,
    qty: 1,
    storeId: 'A',
    ts: i,
    validated: true,
    normTs: i,
  })

beforeAll(async () => {
  brokers = inject('brokers')
  await createTopics({ brokers, stateDir: root, prefix, partitions: 1 })
  const admin = openTopicAdmin({ brokers })
  await admin.append(
    names.enriched,
    Array.from({ length: 120 }, (_, i) => ({ partition: 0, key: `o${i}`, value: value(i) })),
  )
  await admin.close()
  log = await connectLog({ brokers, clientId: 'test' })
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await log.close()
  rmSync(root, { recursive: true, force: true })
})

/** Lives the life of OpB for `count` records: recover, then one transaction, and no apply if it is killed. */
async function opb(count: number, killed?: 'before-apply'): Promise<void> {
  const context = {
    target: findTarget(flags()),
    log,
    task: 0,
    say: (line: object) => say(JSON.stringify(line)),
  }
  await withOwnTask(
    context,
    { manifest: 'latest', local: 'keep' },
    async ({ recovered, producer, journal }) => {
      const { store, resumeAt } = recovered
      const step = createOpb({
        names,
        partition: 0,
        window: 60,
        changelog: 'after-image',
        owner: journal.incarnation,
        store,
        onApplied: () => {},
      })
      const reader = log.reader({
        topic: names.enriched,
        partition: 0,
        from: resumeAt,
        isolation: 'read_committed',
      })
      const records = (await reader.poll()).records.slice(0, count)
      const txn = await producer.begin()
      const ranges = await txn.produce(
        step.compute(records, (r) => ({ src: `${names.enriched}/0/${r.offset}` })),
      )
      const next = records.at(-1)!.offset + 1
      await txn.addOffsets(`${prefix}opb`, [{ topic: names.enriched, partition: 0, offset: next }])
      await txn.commit()
      if (!killed) step.apply(ranges, next)
    },
  )
}

it('takes and lists snapshots, recovers in place, cold, rehearsed and by overlap, to one state hash', async () => {
  await opb(40)
  const taken = await takeSnapshots(flags(), say)
  expect(taken.snapshots).toHaveLength(1)
  await opb(30)
  await opb(20, 'before-apply')

  const listed = await listSnapshots(flags(), say)
  expect(listed.snapshots.map((s) => [s.snapshotId, s.known_from, s.file])).toEqual([
    [taken.snapshots[0]!.snapshot_id, 'manifest', 'there'],
  ])

  const warm = await recover(command())
  const [task] = warm.tasks
  expect(task).toMatchObject({
    restore_source: 'snapshot',
    restored_keys: 7,
    applied: 50,
    skipped: 0,
    resume_offset: 90,
  })
  expect(await recoverTable(warm)).toMatch(/replay_ms/)
  for (const msg of ['manifest loaded', 'restore ok', 'replay done'])
    expect(talk.join('\n')).toContain(`{"msg":"${msg}"`)

  const full = await recover(command({ manifest: 'none' }))
  expect(full.tasks[0]).toMatchObject({
    restore_source: 'none',
    restored_keys: 0,
    applied: 90,
    state_hash: task!.state_hash,
  })

  const overlap = await recover(command({ replayFrom: 'manifest' }))
  expect(overlap.tasks[0]).toMatchObject({
    restore_source: 'local',
    applied: 0,
    skipped: 50,
    state_hash: task!.state_hash,
  })

  rmSync(path.join(root, prefix, 'opb-0'), { recursive: true })
  const into = path.join(root, 'rehearsal')
  const rehearsed = await recover(command({ into }))
  expect(rehearsed).toMatchObject({ rehearsal: true, restored_keys: 7 })
  expect(rehearsed.tasks[0]).toMatchObject({ epoch: null, state_hash: task!.state_hash })
  expect(existsSync(path.join(root, prefix, 'opb-0'))).toBe(false)
  await expect(recover(command({ into }))).rejects.toMatchObject({ code: 'USAGE' })

  const cold = await recover(command())
  expect(cold.tasks[0]).toMatchObject({ restore_source: 'snapshot', state_hash: task!.state_hash })
  expect(readdirSync(path.join(root, prefix, 'opb-0')).sort()).toEqual(['CURRENT', 'gen-0001'])
})

it('refuses an unknown manifest, a contradiction, a prefix without topics and another window', async () => {
  await expect(recover(command({ manifest: 'never' }))).rejects.toMatchObject({ code: 'NO_MANIFEST' })
  const contradiction = command({ manifest: 'none', replayFrom: 'manifest' })
  await expect(recover(contradiction)).rejects.toMatchObject({ code: 'USAGE' })
  const nowhere = command({ flags: { ...flags(), prefix: 'nowhere.' } })
  await expect(recover(nowhere)).rejects.toMatchObject({ code: 'MISSING_TOPIC' })
  const window = command({ flags: { ...flags(), window: '61s' } })
  await expect(recover(window)).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
  const unknown = command({ flags: { ...flags(), task: [7] } })
  await expect(recover(unknown)).rejects.toMatchObject({ code: 'USAGE' })
})

it('finds the kept cell without a prefix, and says which it took', async () => {
  const kept = { prefix, stateRoot: root, brokers, window: 60, cell: 'opb.commit.mid', results: 'results/x' }
  writeFileSync(path.join(root, 'kept.json'), JSON.stringify(kept))
  talk.length = 0
  const result = await recover(command({ flags: { 'state-dir': root } }))
  expect(result.restored_keys).toBe(7)
  expect(talk[0]).toContain('kept by the last run')
})

it('does not touch a task whose owner is alive, stopped though it may be; a rehearsal goes', async () => {
  const code = `
    import { listen } from ${JSON.stringify(new URL('../../adapters/files/live-owner.ts', import.meta.url).href)}
    const info = { pid: process.pid, incarnation: 'opb.z.1', since: 0 }
    await listen(process.argv[1], info, { snapshot: async () => ({ snapshotId: 'by-owner', bytes: 5, ms: 2 }) })
    setInterval(() => {}, 1000)
    console.log('listening')`
  const dir = path.join(root, prefix, 'opb-0')
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, dir], {
    stdio: [...stdio],
  })
  await once(child.stdout!, 'data')
  const taken = await takeSnapshots(flags(), say)
  expect(taken.snapshots).toMatchObject([{ snapshot_id: 'by-owner', by: 'opb.z.1' }])
  child.kill('SIGSTOP')
  await expect(recover(command())).rejects.toMatchObject({
    code: 'LIVE_OWNER',
    message: expect.stringMatching(/opb\.z\.1 \(pid \d+\)/),
  })
  const rehearsed = await recover(command({ into: path.join(root, 'beside') }))
  expect(rehearsed.restored_keys).toBe(7)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect((await recover(command())).tasks[0]).toMatchObject({ resume_offset: 90 })
})

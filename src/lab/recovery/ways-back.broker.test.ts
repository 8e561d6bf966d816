import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { groupName, topicNames } from '../../core/contracts/names.ts'
import type { ChangelogMode } from '../../core/contracts/records.ts'
import { createOpb } from '../../core/pipelines/reference/opb.ts'
import type { LogPort } from '../../core/ports/log.ts'
import type { TopicAdmin } from '../../core/ports/topics.ts'
import { forceCompaction } from './compaction.ts'
import { withOwnTask } from './own-task.ts'
import type { Asked } from './own-task.ts'
import { recover } from './recover.ts'
import type { RecoverCommand, RecoveredTask } from './recover.ts'
import { pruneSnapshots } from './snapshot-prune.ts'
import { verifySnapshots } from './snapshot-verify.ts'
import { listSnapshots, takeSnapshots } from './snapshot.ts'
import { findTarget } from './task-target.ts'
import { createTopics } from '../workload/topics.ts'

const prefix = `ways${Date.now().toString(36)}.`
const names = topicNames(prefix)
const root = mkdtempSync(path.join(tmpdir(), 'eoslab-ways-'))
const state = path.join(root, prefix, 'opb-0')
const shelf = path.join(root, prefix, 'snapshots', 'opb-0')
const kept = path.join(root, 'kept')
const talk: string[] = []
const say = (text: string): void => void talk.push(text)
let brokers: string
let log: LogPort
let admin: TopicAdmin
const flags = (over: object = {}) => ({ brokers, prefix, 'state-dir': root, ...over })
const ids: string[] = []

const ORDERS = 2_400
/** 1,500 keys, each updated once or twice: enough that changing some of them makes a partial. */
const value = (i: number): string =>
  JSON.stringify({
    orderId: `o${i}`,
    productId: `p${i % 1_500}`,
    price: 10 + i,
    qty: 1,
    storeId: 'A',
    ts: 1,
    validated: true,
    normTs: 1,
  })

beforeAll(async () => {
  brokers = inject('brokers')
  await createTopics({ brokers, stateDir: root, prefix, partitions: 1 })
  admin = openTopicAdmin({ brokers })
  await admin.append(
    names.enriched,
    Array.from({ length: ORDERS }, (_, i) => ({ partition: 0, key: `o${i}`, value: value(i) })),
  )
  log = await connectLog({ brokers, clientId: 'test' })
})
afterAll(async () => {
  await admin.close()
  await log.close()
  rmSync(root, { recursive: true, force: true })
})

interface Life {
  readonly records: number
  readonly killed?: 'before apply'
  readonly over?: object
  readonly mode?: ChangelogMode
}

/** A life of OpB: recover as a boot does, then transactions of up to 500 records. */
async function opb({
  records,
  killed,
  over = {},
  mode = 'after-image',
}: Life): Promise<RecoveredTask | undefined> {
  const target = findTarget(flags(over))
  const context = { target, log, task: 0, say: (line: object) => say(JSON.stringify(line)) }
  const asked: Asked = { manifest: 'latest', local: 'keep', changelogMode: mode }
  return withOwnTask(context, asked, async ({ recovered, producer, journal }) => {
    const { store, resumeAt, restored, replayed } = recovered
    const told = {
      restore_source: restored.source,
      snapshot_id: restored.snapshotId,
      applied: replayed.applied,
      state_hash: store.stateHash(),
    } as RecoveredTask
    const owner = journal.incarnation
    const step = createOpb({
      names: target.names,
      partition: 0,
      window: 60,
      changelog: mode,
      owner,
      store,
      onApplied: () => {},
    })
    const from = { topic: names.enriched, partition: 0, from: resumeAt, isolation: 'read_committed' as const }
    const reader = log.reader(from)
    for (let left = records; left > 0;) {
      const at = records - left + resumeAt
      reader.seek(at)
      const batch = (await reader.poll()).records.slice(0, Math.min(left, 500))
      const txn = await producer.begin()
      const ranges = await txn.produce(
        step.compute(batch, (r) => ({ src: `${names.enriched}/0/${r.offset}` })),
      )
      const next = at + batch.length
      await txn.addOffsets(target.group, [{ topic: names.enriched, partition: 0, offset: next }])
      await txn.commit()
      left -= batch.length
      if (killed && left === 0) break
      step.apply(ranges, next)
    }
    return told
  })
}

async function way(over: Partial<RecoverCommand> = {}): Promise<RecoveredTask> {
  const command = { flags: flags(), manifest: 'latest', replayFrom: 'state' as const, say }
  const { tasks } = await recover({ ...command, ...over })
  return tasks[0]!
}

const lose = (): void => rmSync(state, { recursive: true, force: true })
const fileOf = (id: string): string =>
  path.join(
    shelf,
    readdirSync(shelf).find((name) => name.startsWith(id.replaceAll(':', '-')) && !name.endsWith('.json'))!,
  )

/** What each way has to end in. */
let hash: string

it('takes a chain: full, and twice what has changed', async () => {
  for (const records of [1_500, 300, 200]) {
    await opb({ records })
    ids.push((await takeSnapshots(flags(), say)).snapshots[0]!.snapshot_id)
  }
  await opb({ records: 150 })
  await opb({ records: 50, killed: 'before apply' })
  const { snapshots } = await listSnapshots(flags(), say)
  expect(snapshots.map((s) => [s.kind, s.base, s.keys])).toEqual([
    ['partial', ids[1], 1_500],
    ['partial', ids[0], 1_500],
    ['full', null, 1_500],
  ])
})

it('warm: the local state and the tail', async () => {
  const warm = await opb({ records: 0 })
  expect(warm).toMatchObject({ restore_source: 'local', applied: 50 })
  hash = warm!.state_hash
})

it('cold: the chain and the tail', async () => {
  lose()
  expect(await opb({ records: 0 })).toMatchObject({
    restore_source: 'snapshot',
    snapshot_id: ids[2],
    applied: 200,
    state_hash: hash,
  })
})

it('the whole changelog', async () => {
  expect(await way({ manifest: 'none' })).toMatchObject({
    restore_source: 'none',
    applied: 2_200,
    state_hash: hash,
  })
})

it('an older manifest after newer commits', async () => {
  expect(await way({ manifest: ids[0]! })).toMatchObject({
    snapshot_id: ids[0],
    applied: 700,
    state_hash: hash,
  })
})

it('an overlap: what is skipped is the overlap, and nothing changes', async () => {
  expect(await way({ replayFrom: 'manifest' })).toMatchObject({
    restore_source: 'local',
    applied: 0,
    skipped: 200,
    state_hash: hash,
  })
})

it('a kill in the middle, wherever it is, and again', async () => {
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
  const code = `
    import { connectLog } from ${here('../../adapters/kafka/log.ts')}
    import { withOwnTask } from ${here('./own-task.ts')}
    import { findTarget } from ${here('./task-target.ts')}
    const [flags, dies, manifest] = JSON.parse(process.argv[1])
    const log = await connectLog({ brokers: flags.brokers, clientId: 'killed' })
    const at = (step) => { if (step === dies) process.kill(process.pid, 'SIGKILL') }
    const context = { target: findTarget(flags), log, task: 0, say: () => {}, at }
    await withOwnTask(context, { manifest, local: 'replace', chunkBytes: 1 }, async () => {})`
  for (const [dies, manifest] of [
    ['restore.mid', 'latest'],
    ['replay.mid', ids[0]],
    ['replay.after', 'none'],
  ]) {
    lose()
    const args = ['--input-type=module-typescript', '-e', code, JSON.stringify([flags(), dies, manifest])]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    expect(await once(child, 'exit'), dies).toEqual([null, 'SIGKILL'])
    expect(await opb({ records: 0 }), dies).toMatchObject({ state_hash: hash })
    expect(readdirSync(state).filter((name) => name.endsWith('.tmp'))).toEqual([])
  }
})

it('with the changelog off, from a snapshot and from the input', async () => {
  const other = `${prefix}off.`
  const over = { prefix: other, input: names.enriched }
  await createTopics({ brokers, stateDir: root, prefix: other, partitions: 1 })
  await opb({ records: 1_000, over, mode: 'off' })
  await takeSnapshots(flags(over), say)
  await opb({ records: 1_200, over, mode: 'off', killed: 'before apply' })
  rmSync(path.join(root, other, 'opb-0'), { recursive: true })
  expect(await opb({ records: 0, over, mode: 'off' })).toMatchObject({
    restore_source: 'snapshot',
    applied: 1_200,
    state_hash: hash,
  })
  const none = await way({ manifest: 'none', flags: flags(over) })
  expect(none).toMatchObject({ restore_source: 'none', applied: 2_200, state_hash: hash })
  expect(await log.committed(groupName(other, 'opb'), names.enriched, 0)).toBe(2_200)
})

it('verifies each chain against its manifests and against the log', async () => {
  const result = await verifySnapshots(flags(), say)
  expect(result.ok).toBe(true)
  expect(result.snapshots.map((s) => [s.snapshot_id, s.links, s.applied, s.state_hash, s.verdict])).toEqual([
    [null, 0, 2_200, hash, 'ok'],
    [ids[2], 3, 200, hash, 'ok'],
    [ids[1], 2, 400, hash, 'ok'],
    [ids[0], 1, 700, hash, 'ok'],
  ])
})

/** Changes one byte of a snapshot, and keeps it to put it back. */
function damage(id: string): () => void {
  const file = fileOf(id)
  copyFileSync(file, kept)
  const content = readFileSync(file)
  content[content.length >> 1]! ^= 1
  writeFileSync(file, content)
  return () => copyFileSync(kept, file)
}

it('falls back aloud from a damaged snapshot, also when the manifests were really compacted', async () => {
  const rawLog = await openRawLog({ brokers })
  try {
    const { recordsAfter } = await forceCompaction({ log, admin, rawLog }, names.snapshots)
    expect(recordsAfter).toBe(1)
  } finally {
    await rawLog.close()
  }
  const repair = damage(ids[2]!)
  // Its JSON gone too: only the newest manifest still knows the ones before.
  for (const id of ids) renameSync(`${fileOf(id)}.json`, `${fileOf(id)}.aside`)
  lose()
  talk.length = 0
  expect(await opb({ records: 0 })).toMatchObject({ snapshot_id: ids[1], applied: 400, state_hash: hash })
  expect(talk.find((line) => line.includes('"snapshot damaged"'))).toContain(ids[2])
  expect(await verifySnapshots(flags(), say)).toMatchObject({ ok: false })
  await expect(way({ manifest: ids[2]! })).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
  for (const name of readdirSync(shelf).filter((n) => n.endsWith('.aside')))
    renameSync(path.join(shelf, name), path.join(shelf, name.replace('.aside', '.json')))
  repair()
})

it('falls back to the whole log when the full one of the chain is missing', async () => {
  const full = fileOf(ids[0]!)
  renameSync(full, kept)
  lose()
  talk.length = 0
  expect(await opb({ records: 0 })).toMatchObject({
    restore_source: 'none',
    applied: 2_200,
    state_hash: hash,
  })
  expect(talk.filter((line) => line.includes('"snapshot damaged"'))).toHaveLength(3)
  renameSync(kept, full)
})

it('the same from a compacted changelog', async () => {
  const rawLog = await openRawLog({ brokers })
  try {
    await forceCompaction({ log, admin, rawLog }, names.changelog)
  } finally {
    await rawLog.close()
  }
  expect(await way({ manifest: 'none' })).toMatchObject({ applied: 1_500, state_hash: hash })
  expect(await way({ manifest: ids[0]! })).toMatchObject({ state_hash: hash })
})

it('prunes to the newest with all that it builds on, after a merge to that one alone', async () => {
  const first = await pruneSnapshots(flags(), 1, say)
  expect(first.tasks[0]).toMatchObject({ kept: ids.toReversed(), removed: [] })
  await opb({ records: 200 })
  hash = (await way()).state_hash
  const [merged] = (await takeSnapshots(flags(), say, 'full')).snapshots
  const second = await pruneSnapshots(flags(), 1, say)
  expect(second.tasks[0]?.kept).toEqual([merged!.snapshot_id])
  expect(second.tasks[0]?.removed).toHaveLength(3)
  expect(readdirSync(shelf)).toHaveLength(2)
  expect(await verifySnapshots(flags(), say)).toMatchObject({ ok: true })
  // Older records of the topic still name the pruned ones; no new manifest may.
  await opb({ records: 0 })
  await takeSnapshots(flags(), say)
  const { snapshots } = await listSnapshots(flags(), say)
  expect(snapshots.map((s) => s.file)).toEqual(['there', 'there'])
})

it('refuses when the tail is gone, and names the missing range', async () => {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: 0 }).admin()
  await kafka.connect()
  await kafka.fetchTopicMetadata({ topics: [names.changelog] })
  await admin.configure(names.changelog, { 'cleanup.policy': 'delete' })
  const { highWatermark } = await log.offsets(names.changelog, 0)
  await kafka.deleteTopicRecords({
    topic: names.changelog,
    partitions: [{ partition: 0, offset: String(highWatermark) }],
  })
  await kafka.disconnect()
  rmSync(shelf, { recursive: true })
  lose()
  await expect(opb({ records: 0 })).rejects.toMatchObject({
    code: 'RECOVERY_GAP',
    message: expect.stringMatching(new RegExp(`offsets 0 to ${highWatermark - 1} are gone`)),
  })
  expect(existsSync(path.join(state, 'CURRENT'))).toBe(false)
})

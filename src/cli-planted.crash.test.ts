/**
 * The judge against changes from outside: on a cell that was valid and kept, something is changed that eoslab
 * itself would never do, and `check` must name it, with key and offset. The oracle is told nothing of it.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { connectLog } from './adapters/kafka/log.ts'
import { openTopicAdmin } from './adapters/kafka/topic-admin.ts'
import { groupName, topicNames, type TopicNames } from './core/contracts/names.ts'
import type { RunResult } from './core/matrix/result.ts'
import type { Anomaly } from './core/oracle/verdict.ts'
import type { LogPort, LogRecord } from './core/ports/log.ts'
import type { TopicAdmin } from './core/ports/topics.ts'
import type { CheckReport } from './lab/judge/check.ts'
import { Cli } from './testing/cli.ts'

let cli: Cli
let log: LogPort
let admin: TopicAdmin
let prefix: string
let names: TopicNames

beforeAll(async () => {
  const brokers = inject('brokers')
  cli = new Cli(brokers)
  log = await connectLog({ brokers, clientId: 'planter' })
  admin = openTopicAdmin({ brokers, clientId: 'planter' })
  const { cells } = await cli.json<RunResult>('crash-matrix --at opb.commit.mid --orders 300 --keep')
  expect(cells).toEqual([expect.objectContaining({ verdict: 'valid', anomalies: [] })])
  prefix = cells[0]!.prefix
  names = topicNames(prefix)
})

afterAll(async () => {
  await cli.json(`topics delete --prefix ${prefix}`)
  await Promise.all([log.close(), admin.close(), cli.dispose()])
})

const check = (exit: number): Promise<CheckReport> => cli.json<CheckReport>(`check --prefix ${prefix}`, exit)

const found = (report: CheckReport, name: Anomaly['name']): Anomaly[] =>
  report.checks.flatMap(({ anomalies }) => anomalies).filter((anomaly) => anomaly.name === name)

/** Of the output; the last record, and where the next one goes. */
async function lastOutput(): Promise<{ record: LogRecord; end: number }> {
  const { highWatermark } = await log.offsets(names.output, 0)
  const reader = log.reader({ topic: names.output, partition: 0, from: 0, isolation: 'read_committed' })
  const records: LogRecord[] = []
  while (reader.position < highWatermark) records.push(...(await reader.poll()).records)
  return { record: records.at(-1)!, end: highWatermark }
}

async function moveGroup(to: number): Promise<void> {
  const producer = log.producer({ transactionalId: `planter-${prefix}-${to}`, timeoutMs: 10_000 })
  await producer.fence()
  const transaction = await producer.begin()
  await transaction.addOffsets(groupName(prefix, 'opb'), [
    { topic: names.enriched, partition: 0, offset: to },
  ])
  await transaction.commit()
  await producer.close()
}

test('untouched, the kept cell is valid', async () => {
  expect(await check(0)).toMatchObject({ verdict: 'valid', anomalies: [] })
})

test('one SQLite row changed: divergence, with its key and how far the log was folded', async () => {
  const home = path.join(cli.stateDir, prefix, 'opb-0')
  const file = path.join(home, readFileSync(path.join(home, 'CURRENT'), 'utf8').trim(), 'state.db')
  const db = new Database(file)
  type Row = { key: string; sum: number; changelog_offset: number }
  const row = db.prepare<[], Row>('SELECT * FROM state ORDER BY key LIMIT 1').get()!
  const set = db.prepare<[number, string]>('UPDATE state SET sum = ? WHERE key = ?')
  set.run(row.sum + 1, row.key)
  try {
    const report = await check(1)
    expect(report.anomalies).toEqual(['divergence'])
    const { place } = found(report, 'divergence')[0]!
    expect(place).toMatchObject({ topic: names.changelog, partition: 0, key: row.key })
    // The log below this offset gives another sum for that key than the row has.
    expect(place.offset).toBeGreaterThan(row.changelog_offset)
  } finally {
    set.run(row.sum, row.key)
    db.close()
  }
  expect(await check(0)).toMatchObject({ verdict: 'valid' })
})

test('the group offset moved forward by one: offset-ahead, with the group and the offset', async () => {
  const group = groupName(prefix, 'opb')
  const exact = (await log.committed(group, names.enriched, 0))!
  await moveGroup(exact + 1)
  try {
    const report = await check(1)
    expect(report.anomalies).toContain('offset-ahead')
    const place = { topic: names.enriched, partition: 0, offset: exact + 1, key: group }
    expect(found(report, 'offset-ahead')[0]!.place).toMatchObject(place)
  } finally {
    await moveGroup(exact)
  }
  expect(await check(0)).toMatchObject({ verdict: 'valid' })
})

test('a copy of an output record: duplicate; one without headers: phantom-output', async () => {
  const { record, end } = await lastOutput()
  const { key, value, headers } = record
  const place = { topic: names.output, partition: 0, key: String(key) }
  await admin.append(names.output, [{ partition: 0, key, value, headers: { ...headers } }])
  const copied = await check(1)
  expect(copied.anomalies).toContain('duplicate')
  expect(found(copied, 'duplicate')[0]!.place).toMatchObject({ ...place, offset: end })

  await admin.append(names.output, [{ partition: 0, key, value }])
  const unsigned = await check(1)
  expect(unsigned.anomalies).toContain('phantom-output')
  expect(found(unsigned, 'phantom-output')[0]!.place).toMatchObject({ ...place, offset: end + 1 })
})

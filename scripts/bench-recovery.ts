/**
 * Measures OpB's way back at a number of keys on a real broker: warm and cold restarts after a SIGKILL behind
 * an acknowledged commit, and full replays. Needs dist/. Prints one JSON line per figure (medians of RUNS).
 *
 *   npm run -s build && node scripts/bench-recovery.ts [keys] [runs] [warm,cold,replay]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { hostClock } from '../src/adapters/host/clock.ts'
import { openTopicAdmin } from '../src/adapters/kafka/topic-admin.ts'
import { processWorkers } from '../src/adapters/process/workers.ts'
import { groupName, topicNames } from '../src/core/contracts/names.ts'
import type { HistoryEvent } from '../src/core/history/event.ts'
import type { TopicAdmin } from '../src/core/ports/topics.ts'
import type { WorkerHandle, WorkerSpec } from '../src/core/ports/workers.ts'
import { withBroker } from '../src/lab/broker/broker.ts'
import { recover } from '../src/lab/recovery/recover.ts'
import { createTopics } from '../src/lab/workload/topics.ts'

const keys = Number(process.argv[2] ?? 1e5)
const runs = Number(process.argv[3] ?? 7)
const ways = (process.argv[4] ?? 'warm,cold,replay').split(',')
const root = mkdtempSync(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'eoslab-bench-'))
const prefix = 'bench.'
const names = topicNames(prefix)
const stateDir = path.join(root, prefix)
const workers = processWorkers(hostClock)
const median = (all: number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
const print = (figure: string, value: object): void => console.log(JSON.stringify({ figure, keys, ...value }))
const talk = (text: string): void => void process.stderr.write(`${text}\n`)

const order = (i: number): string =>
  JSON.stringify({
    orderId: `o${i}`,
    productId: `p${i % keys}`,
    price: 100 + (i % 9973),
    qty: 1,
    storeId: `S${i % 97}`,
    ts: 1,
    validated: true,
    normTs: 1,
  })

/** The pipeline of one run: feeds OpB's input and starts workers on it. */
class Bench {
  readonly #brokers: string
  readonly #admin: TopicAdmin
  fed = 0

  constructor(brokers: string) {
    this.#brokers = brokers
    this.#admin = openTopicAdmin({ brokers })
  }

  async feed(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 20_000) {
      const some = Array.from({ length: Math.min(left, 20_000) }, (_, k) => ({
        partition: 0,
        key: `o${this.fed + k}`,
        value: order(this.fed + k),
      }))
      await this.#admin.append(names.enriched, some)
      this.fed += some.length
    }
  }

  spawn(over: Partial<WorkerSpec> = {}): WorkerHandle {
    return workers.spawn({
      operator: 'opb',
      pipeline: 'reference',
      prefix,
      brokers: this.#brokers,
      proxy: null,
      names,
      group: groupName(prefix, 'opb'),
      tasks: [0],
      instance: 'a',
      stateDir,
      snapshotDir: path.join(stateDir, 'snapshots'),
      guarantee: 'exactly-once',
      isolation: 'read_committed',
      client: 'kafkajs',
      batch: 500,
      commitIntervalMs: 100,
      untilCaughtUp: false,
      window: 60,
      changelog: 'after-image',
      snapshotEvery: null,
      retain: 2,
      transactionTimeoutMs: 10_000,
      crashAt: null,
      ...over,
    })
  }

  close(): Promise<void> {
    return this.#admin.close()
  }
}

/** Resolves at the first message of a kind. */
const told = (worker: WorkerHandle, type: string): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.onMessage((message) => {
      if (message.type === 'failed') reject(new Error(message.message))
      if (message.type === type) resolve()
    })
  })

async function ended(worker: WorkerHandle): Promise<void> {
  worker.send({ type: 'stop' })
  await worker.exited
}

async function fill(bench: Bench): Promise<void> {
  await bench.feed(keys)
  let started = performance.now()
  const filler = bench.spawn({ batch: 5000 })
  await told(filler, 'lag-zero')
  print('processing', { rate: Math.round((bench.fed / (performance.now() - started)) * 1000) })
  started = performance.now()
  filler.send({ type: 'snapshot', task: 0, request: 1 })
  await told(filler, 'snapshot-done')
  print('full snapshot, asked for', { ms: Math.round(performance.now() - started) })
  await ended(filler)
}

/** What the phases of a life took, from the moment the one before it was gone. */
function phases(worker: WorkerHandle, from: number): Record<string, number> {
  const file = path.join(stateDir, 'journals', `${worker.incarnation}.jsonl`)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const events = lines.map((line) => JSON.parse(line) as HistoryEvent)
  const found: Record<string, number> = {}
  let last = from
  for (const [name, f, type] of PHASES) {
    const { t } = events.find((e) => e.f === f && e.type === type)!
    found[`${name}_ms`] = t - last
    last = t
  }
  return { ttr_ms: last - from, ...found }
}

const PHASES = [
  ['boot', 'boot', 'info'],
  ['fence', 'fence', 'ok'],
  ['manifest', 'manifest', 'ok'],
  ['restore', 'restore', 'ok'],
  ['replay', 'replay', 'ok'],
  ['resume', 'first-input', 'info'],
  ['first_commit', 'commit', 'ok'],
] as const

async function restarts(bench: Bench, way: string): Promise<void> {
  const lives: Record<string, number>[] = []
  for (let i = 0; i < runs; i++) {
    await bench.feed(2500)
    const victim = bench.spawn({ crashAt: { point: 'opb.commit.after', hit: 2, task: 0 } })
    const { t, signal } = await victim.exited
    if (signal !== 'SIGKILL') throw new Error(`the victim ended with ${signal}`)
    if (way === 'cold') rmSync(path.join(stateDir, 'opb-0'), { recursive: true })
    const gone = way === 'cold' ? hostClock.monotonicMs() : t
    const next = bench.spawn()
    await told(next, 'lag-zero')
    await ended(next)
    lives.push(phases(next, gone))
  }
  const all = Object.keys(lives[0]!)
  const medians = all.map((name) => [name, Math.round(median(lives.map((l) => l[name]!)) * 10) / 10])
  const every = lives.map((life) => Math.round(life['ttr_ms']!))
  print(`restart, ${way}`, { runs, ...Object.fromEntries(medians), every_ttr_ms: every })
}

async function replays(brokers: string): Promise<void> {
  const rates: number[] = []
  let records = 0
  for (let i = 0; i < Math.min(3, runs); i++) {
    const flags = { brokers, prefix, 'state-dir': root }
    const { tasks } = await recover({ flags, manifest: 'none', replayFrom: 'state', say: () => {} })
    rates.push(tasks[0]!.replay_rate!)
    records = tasks[0]!.applied
  }
  print('full replay', { records, rate: median(rates) })
}

await withBroker({ brokers: undefined, stateDir: root, say: talk }, async ({ brokers }) => {
  await createTopics({ brokers, stateDir: root, prefix, partitions: 1 })
  const bench = new Bench(brokers)
  await fill(bench)
  for (const way of ways) await (way === 'replay' ? replays(brokers) : restarts(bench, way))
  await bench.close()
}).finally(() => rmSync(root, { recursive: true, force: true }))

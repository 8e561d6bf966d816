/** Schedules: repeatable to the byte, safe where the code is, caught and reduced where it isn't. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { MemoryCluster } from '../ports/memory-log.ts'
import { MemoryStore } from '../ports/memory-store.ts'
import { sampleLineage } from '../ports/store.contract.ts'
import { huntMutant, reduce, seedOf, sumOf, Tallying } from './campaign.ts'
import { decodeCase, encodeCase } from './case.ts'
import { TaskDisk } from './disk.ts'
import { planOf } from './plan.ts'
import { pathDependence } from './paths.ts'
import { runSchedule } from './run.ts'
import { FEW_ORDERS } from './shrink.ts'
import { NAMES } from './specs.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const SEEDS = Array.from({ length: 40 }, (_, k) => seedOf(3, k))

test('the same seed gives the same history, in this process and in another', async () => {
  const histories = async (): Promise<string[]> => {
    const found: string[] = []
    for (const seed of SEEDS.slice(0, 6)) found.push((await runSchedule({ seed }, settle)).history)
    return found
  }
  const here = await histories()
  expect(new Set(here).size).toBe(6)
  expect(await histories()).toEqual(here)
  const script = `
    import { runSchedule } from ${JSON.stringify(path.join(import.meta.dirname, 'run.ts'))}
    const settle = () => new Promise((resolve) => setImmediate(resolve))
    const found = []
    for (const seed of ${JSON.stringify(SEEDS.slice(0, 6))}) found.push((await runSchedule({ seed }, settle)).history)
    process.stdout.write(JSON.stringify(found))`
  // Nothing of the host may show: neither its place nor its language.
  const env = { ...process.env, TZ: 'Pacific/Apia', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' }
  const options = { encoding: 'utf8', env } as const
  const there = execFileSync(process.execPath, ['--input-type=module', '-e', script], options)
  expect(JSON.parse(there)).toEqual(here)
})

test('the sum is the same, however the schedules are dealt out', async () => {
  const dealt = async (threads: number) => {
    const tallies = []
    for (let thread = 0; thread < threads; thread++) {
      const tallying = new Tallying()
      for (let k = thread; k < 40; k += threads) {
        const named = { seed: seedOf(3, k), mutant: 'at-least-once' }
        tallying.add(k, await runSchedule(named, settle))
      }
      tallies.push(tallying.tally())
    }
    const { shapes, ...sum } = sumOf(tallies)
    return { ...sum, shapes: shapes.toSorted() }
  }
  const alone = await dealt(1)
  expect(alone.failed.length).toBeGreaterThan(0)
  expect(await dealt(4)).toEqual(alone)
})

test('schedules differ, and the code is right in all of them', async () => {
  const shapes = new Set<string>()
  for (const seed of SEEDS) {
    const { shape, verdict, findings, lives } = await runSchedule({ seed }, settle)
    shapes.add(shape)
    expect({ seed, verdict, findings }).toEqual({ seed, verdict: 'valid', findings: [] })
    expect(lives).toBeGreaterThan(1)
  }
  expect(shapes.size).toBeGreaterThanOrEqual(SEEDS.length * 0.95)
})

/** Reduced from what failed with the mended line taken out again; so is the one below. */
const ZOMBIE_SWITCH = [
  '4055616909,mix=pauses,orders=1,keys=1,portions=1,every=1,retain=1,calm=40,roll=213,faults=1',
  '3450571193,mix=usual,orders=1,keys=1,partitions=1,portions=1,every=1,retain=1,calm=10,roll=107,faults=2',
] as const
const ZOMBIE_PRUNE = '1788458517,mix=pauses,orders=2,keys=1,every=1,retain=1,calm=40,roll=119,faults=4'

/** What the simulation has found; each of these was invalid before it was mended. */
const FOUND: readonly [what: string, word: string][] = [
  ['woken in its recovery, a zombie put an empty state in place of the one in use', ZOMBIE_SWITCH[0]],
  ['the same in the usual mix', ZOMBIE_SWITCH[1]],
  ['the same, unreduced', '4055616909,mix=pauses'],
  ['woken behind its manifest, a zombie pruned the snapshots of its successor', ZOMBIE_PRUNE],
  ['the same, unreduced', '4055617299,mix=pauses'],
  ['a late journal line was judged as if it were a late life (offset-behind)', '275,mix=usual'],
  ['what the cleaner had taken was missed among the new changes', '1825,mix=usual'],
]

test.each(FOUND)('%s: schedule %s', async (_what, word) => {
  const { verdict, findings } = await runSchedule(decodeCase(word), settle)
  expect({ verdict, findings }).toEqual({ verdict: 'valid', findings: [] })
})

test.each([
  ['at-least-once', 'duplicate'],
  ['owner-unchecked', 'divergence'],
] as const)(
  'the twin %s is caught, and reduced to a few orders that still show it',
  async (mutant, primary) => {
    const hunt = await huntMutant(mutant, 3, settle)
    expect(hunt).toMatchObject({ primary })
    expect(hunt.schedules).toBeLessThan(200)
    const reduced = await reduce({ ...decodeCase(hunt.replay!), mutant }, primary, settle)
    expect(reduced.orders).toBeLessThanOrEqual(FEW_ORDERS)
    const again = await runSchedule({ ...decodeCase(reduced.replay), mutant }, settle)
    expect(again.anomalies).toContain(primary)
  },
  20_000,
)

test('a rehearsal gives up behind a transaction that somebody left open', async () => {
  const cluster = new MemoryCluster()
  for (const topic of Object.values(NAMES)) cluster.createTopic(topic)
  const clock = { monotonicMs: () => 0, wallMs: () => 0 }
  const producer = cluster.client().producer({ transactionalId: 't', timeoutMs: 1 })
  await producer.fence()
  const txn = await producer.begin()
  await txn.produce([{ topic: NAMES.changelog, partition: 0, key: 'k', value: 'v', headers: {} }])
  const disk = new TaskDisk(0)
  disk.generations.set('gen-1', new MemoryStore(sampleLineage))
  disk.current = 'gen-1'
  const found = await pathDependence({ cluster, clock }, disk)
  expect(found.map((one) => one.message)).toEqual([expect.stringMatching(/fails: .*open/)])
})

test('a case is one word, and the word is the case', () => {
  const named = {
    seed: 17,
    mix: 'pauses',
    orders: 4,
    keys: 1,
    faults: [0, 2],
    without: [1],
    every: 2,
    calm: 90,
    roll: 3,
  } as const
  expect(decodeCase(encodeCase(named))).toEqual(named)
  expect(decodeCase('17,faults=none')).toEqual({ seed: 17, faults: [] })
  expect(planOf({ seed: 17, orders: 4 }).orders).toBe(4)
  expect(planOf(decodeCase('17,faults=none')).faults).toEqual([])
  for (const wrong of ['', 'x', '17,orders=', '17,turtles=3', '17,faults=a', '17,orders=0', '17,mix=x'])
    expect(() => decodeCase(wrong), wrong).toThrow('--replay')
})

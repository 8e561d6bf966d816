/** Schedules: repeatable to the byte, safe where the code is, caught and reduced where it isn't. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { huntMutant, reduce, seedOf } from './campaign.ts'
import { decodeCase, encodeCase, planOf } from './plan.ts'
import { runSchedule } from './run.ts'

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
  const there = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(JSON.parse(there)).toEqual(here)
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

/** What the simulation has found; each of these was invalid before it was mended. */
const FOUND: readonly [what: string, word: string][] = [
  ['woken in its recovery, a zombie put an empty state in place of the one in use', '8'],
  ['the same with a snapshot, restored in front of a newer state', '111'],
  ['the same, and the next snapshot was made from the wrong one', '510'],
  ['a late journal line was judged as if it were a late life (offset-behind)', '275'],
  ['what the cleaner had taken was missed among the new changes (non-idempotent-recovery)', '1825'],
]

test.each(FOUND)('%s: schedule %s', async (_what, word) => {
  const { verdict, findings } = await runSchedule(decodeCase(word), settle)
  expect({ verdict, findings }).toEqual({ verdict: 'valid', findings: [] })
})

test('a twin that counts twice is caught, and reduced to a few orders that still show it', async () => {
  const hunt = await huntMutant('at-least-once', 3, settle)
  expect(hunt.schedules).toBeLessThan(100)
  const reduced = await reduce({ ...decodeCase(hunt.replay!), mutant: 'at-least-once' }, 'duplicate', settle)
  expect(reduced.orders).toBeLessThanOrEqual(20)
  const again = await runSchedule({ ...decodeCase(reduced.replay), mutant: 'at-least-once' }, settle)
  expect(again.anomalies).toContain('duplicate')
})

test('a case is one word, and the word is the case', () => {
  const named = { seed: 17, orders: 4, keys: 1, faults: [0, 2], calm: 90, roll: 3 }
  expect(decodeCase(encodeCase(named))).toEqual(named)
  expect(decodeCase('17,faults=none')).toEqual({ seed: 17, faults: [] })
  expect(planOf({ seed: 17, orders: 4 }).orders).toBe(4)
  expect(planOf(decodeCase('17,faults=none')).faults).toEqual([])
  for (const wrong of ['', 'x', '17,orders=', '17,turtles=3', '17,faults=a'])
    expect(() => decodeCase(wrong), wrong).toThrow('--replay')
})

import { describe, expect, test } from 'vitest'
import type { HistoryEvent, NewEvent } from '../history/event.ts'
import { phasesOf } from './phases.ts'

/** Events by time; those of task 0 unless they say otherwise. */
const journal = (...lines: (NewEvent & { t: number })[]): HistoryEvent[] =>
  lines.map((line, i) => ({ task: 0, at: 0, who: 'opb', incarnation: 'opb.a.2', i: i + 1, ...line }))

const opb = journal(
  { t: 1150, f: 'boot', type: 'info' },
  { t: 1151, f: 'fence', type: 'invoke' },
  { t: 1200, f: 'fence', type: 'ok', task: 1 },
  { t: 1300, f: 'fence', type: 'ok' },
  { t: 1310, f: 'manifest', type: 'ok' },
  { t: 1330.26, f: 'restore', type: 'ok' },
  { t: 1400, f: 'replay', type: 'ok' },
  { t: 1420, f: 'first-input', type: 'info' },
  { t: 1425, f: 'txn', type: 'invoke', n: 1, kind: 'data', next: 500 },
  { t: 1450, f: 'commit', type: 'ok', n: 1, kind: 'data' },
  { t: 1460, f: 'txn', type: 'invoke', n: 2, kind: 'data', next: 600 },
  { t: 1480, f: 'commit', type: 'ok', n: 2, kind: 'data' },
  { t: 1500, f: 'lag-zero', type: 'info', position: 702 },
)
const facts = { task: 0, killedAt: 1000, exitAt: 1002, spawnedAt: 1100, next: opb }

describe('phasesOf', () => {
  test('phases follow each other; their sum is the TTR; what the supervisor held back is in neither', () => {
    expect(phasesOf(facts)).toEqual({
      phases: {
        detect_ms: 2,
        boot_ms: 50,
        fence_ms: 150,
        manifest_ms: 10,
        restore_ms: 20.3,
        replay_ms: 69.7,
        resume_ms: 20,
        first_commit_ms: 30,
      },
      ttr_ms: 352,
      caught_up_ms: null,
      lag_zero_ms: 402,
      held_ms: 98,
    })
  })

  test('phases that an operator does not have are 0', () => {
    const opa = opb.filter((e) => !['manifest', 'restore', 'replay'].includes(e.f))
    const { phases, ttr_ms } = phasesOf({ ...facts, next: opa })
    expect(phases).toMatchObject({ manifest_ms: 0, restore_ms: 0, replay_ms: 0, resume_ms: 120 })
    expect(ttr_ms).toBe(352)
  })

  test('without a committed data transaction of the task there is no TTR', () => {
    const none = { phases: null, ttr_ms: null }
    expect(phasesOf({ ...facts, next: opb.slice(0, 9) })).toMatchObject(none)
    const others = opb.map((e) => (e.f === 'commit' ? { ...e, kind: 'manifest' } : e))
    expect(phasesOf({ ...facts, next: others })).toMatchObject(none)
    expect(
      phasesOf({ ...facts, next: opb.map((e) => (e.f === 'commit' ? { ...e, task: 1 } : e)) }),
    ).toMatchObject(none)
    expect(phasesOf({ ...facts, next: [] })).toEqual({
      ...none,
      caught_up_ms: null,
      lag_zero_ms: null,
      held_ms: 98,
    })
  })

  test.each([
    [500, 352],
    [501, 382],
    // Behind control records: only the position gets there.
    [601, 402],
    [702, 402],
    [703, null],
  ])('input up to %i was caught up after %s ms', (inputLsoAtKill, ms) => {
    expect(phasesOf({ ...facts, inputLsoAtKill }).caught_up_ms).toBe(ms)
  })

  test('steps that end out of order count their time once', () => {
    const swapped = opb.map((e) => (e.f === 'manifest' ? { ...e, t: 1290 } : e))
    const { phases, ttr_ms } = phasesOf({ ...facts, next: swapped })
    expect(phases).toMatchObject({ manifest_ms: 0, restore_ms: 30.3 })
    expect(ttr_ms).toBe(352)
  })
})

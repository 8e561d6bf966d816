import { expect, it } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import { weighFault, type FaultFacts, type FaultSeen, type FileSeen } from './fault-proofs.ts'
import type { FrameSeen } from '../ports/proxy.ts'
import { FAULTS } from './faults.ts'
import { planMatrix } from './plan.ts'
import { resolvePoints } from './points.ts'

const line = (fields: Partial<HistoryEvent>): HistoryEvent =>
  ({ t: 1, at: 1, who: 'opb', incarnation: 'opb.a.2', i: 1, task: 0, type: 'ok', ...fields }) as HistoryEvent

const DB = 'opb-0/gen-0001/state.db'
const SNAPSHOT = 'snapshots/opb-0/2026-01-01T00-00-00.000Z-p0-e0-n1.full.db'
const file = (name: string, bytes = 100, sha256 = 'a'): FileSeen => ({ file: name, bytes, sha256 })

const restored = (source: string, snapshotId: string | null = null): HistoryEvent =>
  line({ f: 'restore', source, snapshotId })
const replayed = (from: number): HistoryEvent => line({ f: 'replay', from })

function facts(fault: string, seen: Partial<FaultSeen>, lives: Partial<FaultFacts> = {}): FaultFacts {
  return {
    seen: { fault, before: [], after: [], flips: [], ...seen },
    task: 0,
    refused: [],
    next: [restored('none'), replayed(0)],
    ...lives,
  }
}

const verdict = (of: FaultFacts): [boolean, string] => {
  const { hit, summary } = weighFault(of)
  return [hit, summary]
}

it('a fault is a cell with a name of its own, asked for by its family only', () => {
  expect(resolvePoints(['fault.*']).map(({ point }) => point.name)).toEqual(FAULTS.map((f) => f.name))
  expect(resolvePoints(['*']).some(({ point }) => point.fault)).toBe(false)
  expect(() => resolvePoints(['fault.nope'])).toThrow(/no crash point/)
  expect(() => resolvePoints(['opb.commit.mid+fault.state-older'])).toThrow(/can't be in this place/)
  const options = { points: resolvePoints(['fault.state-older:5']), seed: 7, orders: 2000, partitions: 1 }
  expect(planMatrix({ ...options, mode: 'cold' })).toMatchObject([
    {
      cell: 'fault.state-older-h5',
      point: 'fault.state-older',
      at: 'fault.state-older:5',
      mode: 'warm',
      kills: [{ point: 'opb.commit.mid', hit: 5 }],
    },
  ])
})

it('every fault says what shows it, and without anything to show it is no hit', () => {
  for (const { name, fault } of FAULTS) {
    expect(fault!.shown.length, name).toBeGreaterThan(20)
    const empty = facts(name, {}, { next: [] })
    expect(verdict(empty), name).toEqual([false, expect.stringMatching(new RegExp(`^${name}: `)) as string])
  }
  expect(verdict(facts('fault.nope', {}))[0]).toBe(false)
})

it('deleted: all of the state is gone, and none of it was used', () => {
  const before = [file('opb-0/CURRENT'), file(DB), file(SNAPSHOT)]
  const gone = { before, after: [file(SNAPSHOT)] }
  expect(verdict(facts('fault.state-deleted', gone))[0]).toBe(true)
  expect(verdict(facts('fault.state-deleted', { before, after: before }))[1]).toMatch(/is still there/)
  const local = { next: [restored('local'), replayed(0)] }
  expect(verdict(facts('fault.state-deleted', gone, local))[1]).toMatch(/restored from local/)
})

it('older: what was put back stands further back, and the replay began there', () => {
  const older = { nextChangelogBefore: 1478, nextChangelogAfter: 808 }
  const local = (from: number): Partial<FaultFacts> => ({ next: [restored('local'), replayed(from)] })
  expect(verdict(facts('fault.state-older', older, local(808)))[0]).toBe(true)
  expect(verdict(facts('fault.state-older', older, local(1478)))[1]).toMatch(/replayed from 1478, not 808/)
  const same = { nextChangelogBefore: 808, nextChangelogAfter: 808 }
  expect(verdict(facts('fault.state-older', same, local(808)))[1]).toMatch(/stands at 808/)
})

it('flipped: one bit of a file of the same size, and the life set it aside', () => {
  const before = [file(DB)]
  const flips = [{ file: DB, offset: 9, from: 2, to: 0 }]
  const hit = { before, after: [file(DB, 100, 'b')], flips }
  const aside = { next: [line({ f: 'set-aside', reason: 'why' }), restored('none'), replayed(0)] }
  const name = 'fault.state-sum-flipped'
  expect(verdict(facts(name, hit, aside))).toEqual([
    true,
    expect.stringMatching(/went from 2 to 0.*why/) as string,
  ])
  expect(verdict(facts(name, hit))[1]).toMatch(/set nothing aside/)
  expect(verdict(facts(name, { ...hit, after: before }, aside))[1]).toMatch(/is what it was/)
  const two = { ...hit, flips: [{ ...flips[0]!, to: 1 }] }
  expect(verdict(facts(name, two, aside))[1]).toMatch(/2 bits differ/)
  const longer = { ...hit, after: [file(DB, 101, 'b')] }
  expect(verdict(facts(name, longer, aside))[1]).toMatch(/had 100 bytes and has 101/)
})

it('a damaged snapshot that was restored all the same is no hit', () => {
  const flips = [{ file: SNAPSHOT, offset: 9, from: 2, to: 0 }]
  const seen = { before: [file(DB), file(SNAPSHOT)], after: [file(SNAPSHOT, 100, 'b')], flips }
  expect(verdict(facts('fault.snapshot-flipped', seen))[0]).toBe(true)
  const used = { next: [restored('snapshot', '2026-01-01T00:00:00.000Z-p0-e0-n1'), replayed(0)] }
  expect(verdict(facts('fault.snapshot-flipped', seen, used))[1]).toMatch(/restored the damaged snapshot/)
})

it('refused: by its code, in the journal, with nothing committed', () => {
  const seen = {
    before: [file('opb-0/CURRENT')],
    after: [file('opb-0/CURRENT', 9, 'b')],
    refused: { incarnation: 'opb.a.2', exit: 2 },
  }
  const error = line({ f: 'error', type: 'info', code: 'STATE_UNUSABLE', message: 'zeros' })
  const name = 'fault.current-garbled'
  expect(verdict(facts(name, seen, { refused: [error] }))[0]).toBe(true)
  expect(verdict(facts(name, seen))[1]).toMatch(/named no error/)
  const other = { ...error, code: 'INTERNAL' }
  expect(verdict(facts(name, seen, { refused: [other] }))[1]).toMatch(/named INTERNAL, not STATE_UNUSABLE/)
  const commit = line({ f: 'commit' })
  expect(verdict(facts(name, seen, { refused: [commit, error] }))[1]).toMatch(/had committed/)
  const { refused: _none, ...never } = seen
  expect(verdict(facts(name, never, { refused: [error] }))[1]).toMatch(/no life was started/)
})

it('broker killed: a new process, EndTxn with the old one, and a life that named what it did not learn', () => {
  const broker = { before: 10, after: 11, ended: 'signal SIGKILL', downMs: 900, at: 100 }
  const frame = { api: 'EndTxn', commit: true, moment: 'withheld', errorCode: 0, t: 90 } as FrameSeen
  const struck = [
    line({ f: 'commit', type: 'invoke' }),
    line({ f: 'error', type: 'info', code: 'COMMIT_UNKNOWN' }),
  ]
  const of = (seen: object, lives: Partial<FaultFacts> = {}): [boolean, string] =>
    verdict(
      facts('fault.broker-killed', { broker: { ...broker, ...seen } }, { frames: [frame], struck, ...lives }),
    )
  expect(of({})).toEqual([true, expect.stringMatching(/back as pid 11.*COMMIT_UNKNOWN/) as string])
  expect(of({ ended: 'exit code 0' })[1]).toMatch(/ended with exit code 0/)
  expect(of({ after: 10 })[1]).toMatch(/same process/)
  expect(of({ at: 80 })[1]).toMatch(/no EndTxn was with the broker/)
  expect(of({}, { struck: [] })[1]).toMatch(/named no error/)
  expect(of({}, { struck: [line({ f: 'commit' }), struck[1]!] })[1]).toMatch(/learned/)
  const still = { broker: { ...broker, after: 10, ended: null, downMs: 9_000 } }
  const paused = (seen: object): [boolean, string] =>
    verdict(facts('fault.broker-paused', seen, { frames: [frame], struck }))
  expect(paused(still)[1]).toMatch(/stood still for 9000 ms only/)
  expect(paused({ broker: { ...still.broker, downMs: 11_500 } })[0]).toBe(true)
})

it('a link of a chain: it differs by a bit, and nothing that may build on it was restored', () => {
  const at = (time: string, kind: string): string =>
    `snapshots/opb-0/2026-01-01T00-00-${time}.000Z-p0-e0-n1.${kind}`
  const [full, older, newest] = [at('01', 'full.db'), at('02', 'part'), at('03', 'part')]
  const before = [file(DB), ...[full, older, newest].map((name) => file(name))]
  const seen = (damaged: string): Partial<FaultSeen> => ({
    before,
    after: before.slice(1).map((one) => (one.file === damaged ? { ...one, sha256: 'b' } : one)),
    flips: [{ file: damaged, offset: 50, from: 4, to: 5 }],
  })
  const from = (time: string): Partial<FaultFacts> => ({
    next: [restored('snapshot', `2026-01-01T00:00:${time}.000Z-p0-e0-n1`), replayed(3)],
  })
  const weigh = (fault: string, damaged: string, lives = {}) => verdict(facts(fault, seen(damaged), lives))
  expect(weigh('fault.partial-flipped', newest, from('02'))[0]).toBe(true)
  expect(weigh('fault.partial-flipped', newest, from('03'))[1]).toMatch(/is no older than/)
  expect(weigh('fault.partial-flipped', full)[1]).toMatch(/the flipped file is/)
  expect(weigh('fault.base-flipped', full)[0]).toBe(true)
  expect(weigh('fault.base-flipped', full, from('02'))[1]).toMatch(/is no older than/)
  const alone = { ...seen(full), before: [file(DB), file(full)] }
  expect(verdict(facts('fault.base-flipped', alone))[1]).toMatch(/no partial/)
})

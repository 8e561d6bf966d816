import { expect, it } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import type { FaultFacts, FaultSeen } from './fault-case.ts'
import { weighFault } from './fault-proofs.ts'

const line = (fields: Partial<HistoryEvent>): HistoryEvent =>
  ({ t: 1, at: 1, who: 'opb', incarnation: 'opb.a.1', i: 1, task: 0, type: 'ok', ...fields }) as HistoryEvent

const LIMIT = { bytes: 6_000, kernelSays: '6000', file: 'state.db-wal', fileBytes: 4_000 }

interface Parts {
  readonly seen?: Partial<FaultSeen>
  readonly struck?: HistoryEvent[]
  readonly next?: HistoryEvent[]
  readonly stamp?: FaultFacts['stamp']
  readonly afterwards?: HistoryEvent[]
}

const weigh = (fault: string, { seen, ...lives }: Parts): [boolean, string] => {
  const refused = lives.struck ?? []
  const facts: FaultFacts = {
    seen: { fault, before: [], after: [], flips: [], limit: LIMIT, ...seen },
    task: 0,
    refused,
    next: [],
    ...lives,
  }
  const { hit, summary } = weighFault(facts)
  return [hit, summary]
}

it('disk full: refused by the system inside an apply, ended by itself, replayed by a life that kept the state', () => {
  const error = line({ f: 'error', type: 'info', code: 'STATE_UNUSABLE', message: 'state.db: EFBIG' })
  const commit = line({ f: 'commit', n: 9 })
  const apply = line({ f: 'apply', type: 'invoke', n: 9 })
  const local = line({ f: 'restore', source: 'local' })
  const replay = line({ f: 'replay', from: 700, applied: 60 })
  const seen: Partial<FaultSeen> = {
    nextChangelogAfter: 700,
    refused: { incarnation: 'opb.a.1', exit: 2 },
  }
  const whole: Parts = { seen, struck: [commit, apply, error], next: [local, replay] }
  const of = (parts: Parts): [boolean, string] => weigh('fault.disk-full', { ...whole, ...parts })
  expect(of({})).toEqual([
    true,
    expect.stringMatching(/named STATE_UNUSABLE, mended: .*6000 bytes .*EFBIG.*replayed from 700/) as string,
  ])
  expect(of({ seen: { ...seen, limit: undefined } })[1]).toMatch(/no limit was set/)
  const unlimited = { ...LIMIT, kernelSays: 'unlimited' }
  expect(of({ seen: { ...seen, limit: unlimited } })[1]).toMatch(/grow to unlimited/)
  expect(of({ seen: { ...seen, limit: { ...LIMIT, fileBytes: 7_000 } } })[1]).toMatch(/was larger than/)
  expect(of({ struck: [commit, apply] })[1]).toMatch(/named no error/)
  const locked = { ...error, message: 'database is locked' }
  expect(of({ struck: [commit, apply, locked] })[1]).toMatch(/neither ENOSPC nor EFBIG/)
  const applied = line({ f: 'apply', n: 9 })
  expect(of({ struck: [commit, apply, applied, error] })[1]).toMatch(/not inside an apply/)
  expect(of({ struck: [{ ...commit, n: 8 }, apply, error] })[1]).toMatch(/9 was not committed before/)
  expect(of({ struck: [commit, apply, { ...error, code: 'INTERNAL' }] })[1]).toMatch(/named INTERNAL/)
  expect(of({ next: [line({ f: 'restore', source: 'snapshot' }), replay] })[1]).toMatch(/from snapshot/)
  expect(of({ next: [local, { ...replay, from: 640 }] })[1]).toMatch(/replayed from 640, not 700/)
  expect(of({ next: [local, { ...replay, applied: 0 }] })[1]).toMatch(/nothing to replay/)
})

it('disk full for a snapshot: said, nothing left of it, worked on, restored from the one before, another taken', () => {
  const [older, failedId] = ['2026-01-01T00:00:01.000Z-p0-e0-n1', '2026-01-01T00:00:02.000Z-p0-e1-n1']
  const failed = line({ f: 'snapshot', type: 'fail', t: 50, snapshotId: failedId, message: 'EFBIG: write' })
  const commit = line({ f: 'commit', n: 9, t: 60 })
  const restore = line({ f: 'restore', source: 'snapshot', snapshotId: older })
  const taken = line({ f: 'snapshot', snapshotId: 'later' })
  const db = { file: 'opb-0/gen-0001/state.db', bytes: 9, sha256: 'a' }
  const seen: Partial<FaultSeen> = { before: [db], after: [] }
  const whole: Parts = { seen, struck: [failed, commit], next: [restore, taken] }
  const of = (parts: Parts): [boolean, string] => weigh('fault.snapshot-disk-full', { ...whole, ...parts })
  expect(of({})).toEqual([true, expect.stringMatching(/EFBIG.*restored 2026-01-01T00:00:01/) as string])
  expect(of({ struck: [commit] })[1]).toMatch(/no snapshot failed/)
  expect(of({ struck: [{ ...failed, message: 'no reason' }, commit] })[1]).toMatch(/neither ENOSPC/)
  const left = { file: 'snapshots/opb-0/2026-01-01T00-00-02.000Z-p0-e1-n1.full.db', bytes: 9, sha256: 'a' }
  expect(of({ seen: { ...seen, before: [db, left] } })[1]).toMatch(/is there all the same/)
  expect(of({ struck: [failed, { ...commit, t: 40 }] })[1]).toMatch(/committed nothing after/)
  expect(of({ next: [{ ...restore, snapshotId: failedId }, taken] })[1]).toMatch(/restored that snapshot/)
  expect(of({ next: [line({ f: 'restore', source: 'local' }), taken] })[1]).toMatch(/restored from local/)
  expect(of({ next: [restore] })[1]).toMatch(/took no snapshot/)
  expect(of({ seen: { ...seen, after: [db] } })[1]).toMatch(/is still there/)
})

it('clock moved: by the monotonic clock and by the records, both by an hour', () => {
  const HOUR = 3_600_000
  const lives = (journalMs: number, recordMs: number): Parts => ({
    seen: { clockOffsetMs: -HOUR },
    struck: [line({ f: 'boot', t: 100, at: 5_000_100 })],
    next: [
      line({ f: 'boot', t: 200, at: 5_000_200 + journalMs }),
      line({ f: 'txn', type: 'invoke', n: 1, t: 300, at: 5_000_300 + journalMs }),
      line({ f: 'snapshot', snapshotId: 'slow' }),
    ],
    afterwards: [line({ f: 'restore', source: 'snapshot', snapshotId: 'slow' })],
    stamp: { timestamp: 5_000_320 + recordMs, n: 1 },
  })
  const of = (parts: Parts): [boolean, string] => weigh('fault.clock-back', parts)
  expect(of(lives(-HOUR, -HOUR))).toEqual([
    true,
    expect.stringMatching(/-3600000 ms in its journal/) as string,
  ])
  expect(of(lives(0, -HOUR))[1]).toMatch(/by its journal .* by 0 ms/)
  expect(of(lives(-HOUR, 0))[1]).toMatch(/by its record .* by 20 ms/)
  expect(of({ ...lives(-HOUR, -HOUR), stamp: undefined })[1]).toMatch(/nothing shows/)
  expect(of({ ...lives(-HOUR, -HOUR), seen: {} })[1]).toMatch(/no clock was moved/)
  expect(of({ ...lives(-HOUR, -HOUR), afterwards: [] })[1]).toMatch(/no life came after it/)
  const older = [line({ f: 'restore', source: 'snapshot', snapshotId: 'before' })]
  expect(of({ ...lives(-HOUR, -HOUR), afterwards: older })[1]).toMatch(/restored before, not slow/)
})

/**
 * Hand-written runs for tests of results, report and expectations: plausible numbers, every kind of cell
 * (valid, vacuous, invalid with findings), and the awkward texts that real keys may hold.
 */
import type { CellResult, Evidence, Phases, Provenance, RunResult } from '../core/matrix/result.ts'

const EVIDENCE: Evidence = {
  verdict: 'hit',
  summary: 'EndTxn was forwarded, its answer withheld, and the log holds COMMIT at orders.enriched/0@1254',
  exit_signal: 'SIGKILL',
  last_event: 'commit invoke',
  marker: 'COMMIT',
  marker_at: { topic: 'm7.c1.orders.enriched', partition: 0, offset: 1254, epoch: 0 },
  transaction: 'm7.c1.opb-0/opb.a.1/19',
  producer_id: '4001',
  frames: [{ api: 'EndTxn', moment: 'withheld', at_ms: 15_310.25, detail: 'commit, no error' }],
}

export const PHASES: Phases = {
  detect_ms: 2.14,
  boot_ms: 181.5,
  fence_ms: 41.2,
  manifest_ms: 12.9,
  restore_ms: 6.3,
  replay_ms: 31.7,
  resume_ms: 122.4,
  first_commit_ms: 55.1,
}

const CELL: CellResult = {
  cell: 'opb.commit.mid',
  point: 'opb.commit.mid',
  hit: 5,
  operator: 'opb',
  guarantee: 'exactly-once',
  mutant: null,
  mode: 'warm',
  repeat: 1,
  seed: 7,
  prefix: 'm7.c1.',
  verdict: 'valid',
  anomalies: [],
  checks: [
    { check: 'delivery', verdict: 'valid', anomalies: [], count: 0 },
    { check: 'folds', verdict: 'valid', anomalies: [], count: 0 },
  ],
  findings: [],
  evidence: EVIDENCE,
  orders: 2_000,
  rejected: 12,
  orders_before_kill: 1_120,
  orders_after_kill: 880,
  restored_keys: 412,
  restore_source: 'local',
  uncommitted_seen: 66,
  ttr_ms: 453.24,
  caught_up_ms: 610.9,
  lag_zero_ms: 702.4,
  phases: PHASES,
  snapshot_time_ms: 18.6,
  snapshot_bytes: 45_056,
  applied: 66,
  skipped: 0,
  replay_bytes: 12_345,
  replay_rate: 2_082,
  totals: {
    orders: 2_000,
    enriched: 1_988,
    dlq: 12,
    output: 1_988,
    sum_in: 41_250_900,
    sum_out: 41_250_900,
    uncommitted_dangling: { 'm7.c1.orders.output': 66, 'm7.c1.opb-changelog': 66 },
    uncommitted_at_end: { 'm7.c1.orders.output': 0, 'm7.c1.opb-changelog': 0 },
  },
  command: 'eoslab crash-matrix --at opb.commit.mid:5 --seed 7 --orders 2000',
  story: 'Transaction 19 (66 records) committed although OpB never learned; replay applied 66 updates, once.',
  overcharge_total: 0,
  overcharge: [],
  problem: null,
  wall_ms: 3_812,
}

export const sampleCell = (changes: Partial<CellResult> = {}): CellResult => ({ ...CELL, ...changes })

export const PROVENANCE: Provenance = {
  eoslab: '0.1.0',
  commit: '7bda135c0ffee',
  dirty: false,
  node: '24.21.0',
  kafka: '4.3.0',
  client: 'kafkajs 2.2.4 (repaired)',
  sqlite: '3.50.4',
  pragmas: { journal_mode: 'wal', synchronous: 'NORMAL' },
  host: { cpus: 2, cpu: 'Example CPU @ 2.50GHz', memory_gib: 8, os: 'linux 6.1' },
  seed: 7,
  started: '2025-11-21T05:00:00.000Z',
  argv: ['crash-matrix', '--at', 'mid-commit'],
}

const COLD = sampleCell({
  cell: 'opb.commit.mid#cold',
  mode: 'cold',
  restore_source: 'snapshot',
  ttr_ms: 1_204.8,
  phases: { ...PHASES, restore_ms: 88.1, replay_ms: 301.2 },
  applied: 1_188,
  replay_bytes: 221_760,
})

const OPA = sampleCell({
  cell: 'opa.commit.mid',
  point: 'opa.commit.mid',
  operator: 'opa',
  restored_keys: 0,
  restore_source: null,
  snapshot_time_ms: null,
  snapshot_bytes: null,
  applied: 0,
  replay_bytes: 0,
  replay_rate: null,
  ttr_ms: 388.5,
})

const VACUOUS = sampleCell({
  cell: 'opb.random',
  point: 'opb.random',
  hit: 41,
  verdict: 'vacuous',
  evidence: {
    ...EVIDENCE,
    verdict: 'vacuous',
    summary: 'event 41 was never journalled',
    marker: null,
    marker_at: null,
  },
  ttr_ms: null,
  caught_up_ms: null,
  lag_zero_ms: null,
  phases: null,
})

export const sampleRun = (changes: Partial<RunResult> = {}): RunResult => ({
  experiment: 'crash-matrix',
  verdict: 'vacuous',
  seed: 7,
  results: 'results/crash-matrix/20251121T050000.000Z-7',
  brokers: '127.0.0.1:9092',
  cells: [OPA, CELL, COLD, VACUOUS],
  expectations: [{ text: 'every cell is valid', met: false, found: '3 valid, 1 vacuous' }],
  provenance: PROVENANCE,
  wall_ms: 15_120,
  ...changes,
})

/** A caught mutant: the cell is invalid, the run is valid. */
export const sampleMutantRun = (): RunResult =>
  sampleRun({
    experiment: 'mutant-at-least-once',
    verdict: 'valid',
    results: 'results/mutant-at-least-once/20251121T050100.000Z-7',
    expectations: [
      { text: 'every cell is invalid', met: true, found: '1 invalid' },
      { text: 'every cell shows duplicate', met: true, found: '1 of 1 cells' },
    ],
    cells: [
      sampleCell({
        cell: 'opa.commit.mid',
        point: 'opa.commit.mid',
        operator: 'opa',
        guarantee: 'at-least-once',
        mutant: 'at-least-once',
        verdict: 'invalid',
        anomalies: ['duplicate', 'over-count'],
        findings: [
          {
            name: 'duplicate',
            message: 'orders/0@803 has two effects: 790 and 868',
            place: {
              topic: 'm7.c1.orders.enriched',
              partition: 0,
              offset: 868,
              key: 'A|\u001b[31m<b>`#p1\n#0',
              transaction: 'm7.c1.opa-0/opa.a.2/1',
            },
          },
          { name: 'over-count', message: 'sum 30000 expected, 40000 found', place: { key: 'A#p1#0' } },
        ],
        totals: { ...CELL.totals, enriched: 2_054, output: 2_054, sum_out: 42_617_300 },
      }),
    ],
  })

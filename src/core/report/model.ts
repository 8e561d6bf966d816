/**
 * The model beside the measurement: for a sweep's OpB cells, time to recover predicted from the other cells.
 */
import type { RunResult } from '../matrix/result.ts'
import { predictEach, type RecoveryPoint } from '../model/fit.ts'
import { heading, left, right, table, text, type Block } from './blocks.ts'
import { number } from './numbers.ts'

function pointsOf(runs: readonly RunResult[]): RecoveryPoint[] {
  return runs.flatMap((run) =>
    run.cells.flatMap((cell) => {
      const { phases, ttr_ms: ttrMs } = cell
      if (cell.operator !== 'opb' || phases === null || ttrMs === null) return []
      const { restore_ms: restoreMs, replay_ms: replayMs } = phases
      const values = Object.values(run.sweep?.values ?? {}).join(' ')
      return {
        name: `${values} ${cell.cell}`.trim(),
        keys: cell.restored_keys,
        bytes: cell.restore_source === 'snapshot' ? (cell.snapshot_bytes ?? 0) : 0,
        records: cell.applied + cell.skipped,
        fixedMs: ttrMs - restoreMs - replayMs,
        restoreMs,
        replayMs,
        ttrMs,
      }
    }),
  )
}

/** Nothing where there are too few cells to fit. */
export function modelBlocks(runs: readonly RunResult[]): Block[] {
  const fitted = predictEach(pointsOf(runs))
  if (fitted.length === 0) return []
  return [
    heading(3, 'Time to recover, predicted and measured'),
    text('Milliseconds; each cell predicted by rates fitted to the others (docs/recovery-model.md).'),
    table(
      [
        left('cell'),
        ...['restored_keys', 'restored_bytes', 'replay_records', 'predicted_ms', 'ttr_ms', 'error'].map(
          right,
        ),
      ],
      fitted.map((point) => [
        point.name,
        number(point.keys),
        number(point.bytes),
        number(point.records),
        number(point.predictedMs),
        number(point.ttrMs),
        `${point.error >= 0 ? '+' : ''}${(point.error * 100).toFixed(0)} %`,
      ]),
    ),
  ]
}

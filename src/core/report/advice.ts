/**
 * The answer of `eoslab advise`, as blocks: the cadence, what it costs, and the rates it was reckoned from.
 */
import type { Advice, Load, Prediction, Rates } from '../model/recovery.ts'
import { formatDuration } from '../scenario/units.ts'
import { heading, left, list, right, table, text, type Block } from './blocks.ts'
import { NOTHING, number } from './numbers.ts'

/** What `eoslab advise` answers: the cadence, and what it was reckoned from. */
export interface Advised extends Load {
  readonly ttr_goal_ms: number
  readonly rates: Rates
  readonly measured: {
    readonly keys: number
    readonly records: number
    readonly cells: number
    readonly from: string
  }
  readonly advice: Advice
}

/** The same for programs. */
export interface AdviceJson extends Pick<
  Advised,
  'ttr_goal_ms' | 'keys' | 'rate' | 'partitions' | 'measured'
> {
  readonly snapshot_every_ms: number | null
  readonly snapshot_every_updates: number | null
  readonly snapshot_share: number | null
  readonly snapshot_ms: number
  readonly snapshot_bytes: number
  readonly load: number
  readonly worst: Prediction | null
  readonly warm: Prediction
  readonly reasons: readonly string[]
  readonly rates: Readonly<Record<string, number>>
}

export function adviceJson({ advice, rates, ...rest }: Advised): AdviceJson {
  return {
    ...rest,
    snapshot_every_ms: advice.snapshotEveryMs,
    snapshot_every_updates: advice.snapshotEveryUpdates,
    snapshot_share: advice.snapshotShare,
    snapshot_ms: advice.snapshotMs,
    snapshot_bytes: advice.snapshotBytes,
    load: advice.load,
    worst: advice.worst,
    warm: advice.warm,
    reasons: advice.reasons,
    rates: {
      fixed_ms: rates.fixedMs,
      restore_start_ms: rates.restoreStartMs,
      restore_bytes_per_s: rates.restoreBytesPerSecond,
      replay_records_per_s: rates.replayRecordsPerSecond,
      snapshot_start_ms: rates.snapshotStartMs,
      snapshot_bytes_per_s: rates.snapshotBytesPerSecond,
      bytes_per_key: rates.bytesPerKey,
      capacity_per_s: rates.capacityPerSecond,
    },
  }
}

/** Whole seconds from ten seconds on, never longer than reckoned. */
const shown = (ms: number): string =>
  formatDuration(ms >= 10_000 ? Math.floor(ms / 1000) * 1000 : Math.max(1, Math.floor(ms)))

function answer({ advice, ttr_goal_ms, partitions }: Advised): Block[] {
  const { snapshotEveryMs, snapshotEveryUpdates, snapshotShare, reasons } = advice
  const why = reasons.length === 0 ? [] : [list(reasons)]
  if (snapshotEveryMs === null) {
    return [text(`No cadence keeps ${formatDuration(ttr_goal_ms)} where the local state is lost:`), ...why]
  }
  const each = partitions === 1 ? '' : ` in each of ${number(partitions)} tasks`
  return [
    text(
      `--snapshot-every ${shown(snapshotEveryMs)} (${number(snapshotEveryUpdates)} updates)${each} keeps ` +
        `${formatDuration(ttr_goal_ms)}, also where the local state is lost. ` +
        `A full snapshot is then being copied ${number((snapshotShare ?? 0) * 100)} % of the time.`,
    ),
    ...why,
  ]
}

const row = (name: string, prediction: Prediction | null): string[] => [
  name,
  ...(['fixed_ms', 'restore_ms', 'replay_ms', 'ttr_ms', 'caught_up_ms'] as const).map((field) =>
    prediction === null ? NOTHING : number(prediction[field]),
  ),
]

export function adviceBlocks(advised: Advised): Block[] {
  const { advice, rates, measured, keys, rate, partitions } = advised
  return [
    heading(
      2,
      `Back within ${formatDuration(advised.ttr_goal_ms)}: ${number(keys)} keys, ${number(rate)} records/s, ${number(partitions)} partition(s)`,
    ),
    ...answer(advised),
    table(
      [left('predicted'), ...['fixed_ms', 'restore_ms', 'replay_ms', 'ttr_ms', 'caught_up_ms'].map(right)],
      [row('local state kept', advice.warm), row('local state lost, at worst', advice.worst)],
    ),
    heading(3, 'Measured on this machine'),
    list([
      `restore ${number(rates.restoreStartMs)} ms and ${number(rates.restoreBytesPerSecond / 1e6)} MB/s, full snapshot ${number(rates.snapshotStartMs)} ms and ${number(rates.snapshotBytesPerSecond / 1e6)} MB/s, ${number(rates.bytesPerKey)} bytes a key, with ${number(measured.keys)} keys`,
      `replay ${number(rates.replayRecordsPerSecond)} records/s, over ${number(measured.records)} records`,
      `the rest of recovery ${number(rates.fixedMs)} ms, capacity ${number(rates.capacityPerSecond)} records/s and task: ${number(measured.cells)} cells of ${measured.from}`,
      `so a task is ${number(advice.load * 100)} % busy, and its snapshot of ${number(advice.snapshotBytes / 1e6)} MB takes ${number(advice.snapshotMs)} ms`,
    ]),
    text(
      'Predicted by the model of docs/recovery-model.md: a process crash seen at once, one host, full snapshots.',
    ),
  ]
}

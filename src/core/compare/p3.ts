/** What p3 found of each kill, and the page it is shown as. */
import type { PhaseTimes } from '../crash/phases.ts'
import { code, heading, left, right, table, text, type Block } from '../report/blocks.ts'
import { number } from '../report/numbers.ts'
import { lagChart, type Chart } from './charts.ts'
import { sparkline, type LagPoint } from './lag.ts'
import { PHASES } from '../matrix/result.ts'

export interface Kill extends PhaseTimes {
  readonly kill: number
  /** Input offset that was committed at the kill. */
  readonly at_offset: number
  readonly lag_at_kill: number
  /** The core log lines of the life that came back. */
  readonly lines: readonly string[]
  readonly snapshot_dir: string
  readonly lag: readonly LagPoint[]
}

export interface KillsFound {
  readonly kills: readonly Kill[]
  readonly state_hash: string
  readonly replay_hash: string
  readonly keys: number
}

export const p3Valid = ({ kills, state_hash, replay_hash }: KillsFound): boolean =>
  state_hash === replay_hash && kills.every((kill) => kill.ttr_ms !== null && kill.lag.at(-1)?.[1] === 0)

const remark = ({ kills }: KillsFound): string => {
  const parts = kills.map(
    (kill) =>
      `kill ${kill.kill}: ${number(kill.lag_at_kill)} records behind, first commit after ${number(kill.ttr_ms)} ms, the last of them after ${number(kill.lag.at(-1)?.[0])} ms (caught_up_ms), known to OpB after ${number(kill.lag_zero_ms)} ms (lag_zero_ms)`,
  )
  return `The lag stands still while nobody is there (ttr_ms), then falls with every commit, to zero: ${parts.join('; ')}.`
}

export function p3Blocks(found: KillsFound): Block[] {
  const { kills, state_hash, replay_hash } = found
  const rows = kills.map((kill) => [
    ...[kill.kill, kill.at_offset, kill.ttr_ms].map(number),
    ...PHASES.map((phase) => number(kill.phases?.[phase])),
    ...[kill.caught_up_ms, kill.lag_zero_ms].map(number),
  ])
  const columns = ['kill', 'at_offset', 'ttr_ms', ...PHASES, 'caught_up_ms', 'lag_zero_ms']
  const same = state_hash === replay_hash
  return [
    heading(2, `p3: recovery on artefacts, three random kills: ${p3Valid(found) ? 'valid' : 'invalid'}`),
    text(
      `Each time OpB (${number(found.keys)} keys) is killed by SIGKILL while it works, and loses its local state.`,
    ),
    table(columns.map(right), rows),
    ...kills.flatMap((kill) => [text(`Core lines after kill ${kill.kill}:`), code(kill.lines)]),
    text(remark(found)),
    table(
      [left('kill'), left('lag from the kill to zero')],
      kills.map((kill) => [String(kill.kill), sparkline(kill.lag)]),
    ),
    text(
      same
        ? `The state after three kills and a full replay of the changelog have one hash: ${state_hash}.`
        : `The state has hash ${state_hash}, a full replay of the changelog ${replay_hash}.`,
    ),
  ]
}

export const p3Chart = (kills: readonly Kill[]): Chart =>
  lagChart(
    'Lag of OpB after SIGKILL and loss of its local state',
    kills.map((kill) => ({ name: `kill ${kill.kill}`, points: kill.lag })),
  )

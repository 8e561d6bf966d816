/**
 * The charts over all runs of a sweep: time to recover, latency, and what a snapshot cadence costs and saves.
 *
 * Promises: one row for each combination of varied values and each group of cells, in the order they were
 * run; medians with their intervals, as everywhere. The cost of a cadence is of all snapshots that a cell
 * took, in all its lives, counted in the journals; a run without journals has none.
 */
import { NO_KILL, type CellResult, type RunResult } from '../matrix/result.ts'
import type { HistoryEvent } from '../history/event.ts'
import { bars } from './charts-bars.ts'
import type { BarRow } from './charts-bars.ts'
import type { Chart } from './charts-style.ts'
import { LATENCY, latencyRows } from './charts.ts'
import type { Histories } from './charts.ts'
import { metricOf } from './metrics.ts'
import { groups } from './tables.ts'
import type { Group } from './tables.ts'

export interface SweptRun {
  readonly run: RunResult
  readonly events: Histories
}

/** Of an experiment file: how many updates or how much time lie between two snapshots. */
const CADENCE = 'snapshot_every'

export function sweepCharts(swept: readonly SweptRun[]): Chart[] {
  const labelled = swept.flatMap(({ run, events }) =>
    groups(run.cells).map((group) => ({ run, events, group, label: labelOf(run, group) })),
  )
  const killed = labelled.filter(({ group }) => group.cells[0]?.point !== NO_KILL)
  return [
    swept.some(({ run }) => run.sweep?.values[CADENCE] !== undefined) ? cadence(killed) : undefined,
    bars(
      killed.map(({ label, group: { cells } }) => ({
        label,
        samples: [cells.map((cell) => metricOf(cell, 'ttr_ms'))],
      })),
      {
        name: 'sweep-ttr',
        title: 'Time to recover, over the sweep',
        about: 'Milliseconds from the process being gone to its first committed output',
        unit: 'ms',
        series: ['time to recover'],
      },
    ),
    bars(
      labelled.flatMap(({ group, run }) =>
        latencyRows([group]).map((row) => ({ ...row, label: `${valuesOf(run)} ${row.label}` })),
      ),
      { ...LATENCY, name: 'sweep-latency' },
    ),
  ].filter((chart) => chart !== undefined)
}

/** 100ms 10 opb.commit.mid (cold) */
const labelOf = (run: RunResult, { label }: Group): string => `${valuesOf(run)} ${label}`

export const valuesOf = (run: RunResult): string => Object.values(run.sweep?.values ?? {}).join(' ')

interface Labelled extends SweptRun {
  readonly group: Group
  readonly label: string
}

/** Only OpB takes snapshots; where some cells lost their state, it is those that show what a snapshot saves. */
function cadence(all: readonly Labelled[]): Chart | undefined {
  const opb = all.filter(({ group }) => group.cells[0]?.operator === 'opb')
  const cold = opb.filter(({ group }) => group.cells[0]?.mode === 'cold')
  const rows = (cold.length > 0 ? cold : opb).map(({ label, group: { cells }, events }): BarRow => ({
    label,
    samples: [
      cells.map((cell) => snapshotMs(cell, events)),
      cells.map((cell) => metricOf(cell, 'replay_ms')),
    ],
  }))
  return bars(rows, {
    name: 'snapshot-cadence',
    title: 'What a snapshot cadence costs, and what it saves',
    note: 'Snapshots are taken while orders go on being processed; the replay is what a killed OpB has to wait for.',
    about: 'Milliseconds spent on all snapshots of a cell together, and on the replay after its kill',
    unit: 'ms',
    series: ['all snapshots together', 'replay after the kill'],
  })
}

function snapshotMs(cell: CellResult, events: Histories): number | null {
  const taken = (events.get(cell.cell) ?? []).filter(isSnapshot)
  return taken.length > 0 ? taken.reduce((sum, event) => sum + Number(event['ms']), 0) : null
}

const isSnapshot = (event: HistoryEvent): boolean =>
  event.f === 'snapshot' && event.type === 'ok' && typeof event['ms'] === 'number'

/** Charts as data: what is in them, what is left out, and lag told from journals. */
import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import { sampleCell, sampleRun } from '../../testing/sample-run.ts'
import { NO_KILL } from '../matrix/result.ts'
import { badgeSvg, scoreOf } from './badge.ts'
import { cellChart, livesOf } from './charts-cell.ts'
import { lagOf, zeroOf } from './charts-lag.ts'
import { runCharts } from './charts.ts'
import { sampleMutantRun } from '../../testing/sample-run.ts'

type Fields = Record<string, unknown>
const event = (...[life, t, f, type, more = {}]: [string, number, string, string, Fields?]): HistoryEvent =>
  ({
    t,
    at: t,
    who: life.split('.')[0],
    incarnation: life,
    i: t,
    f,
    type,
    ...more,
  }) as unknown as HistoryEvent

/** One transaction of `count` records, answered or not. */
function txn(
  life: string,
  t: number,
  fields: { n: number; next: number; base?: number; answered?: boolean },
) {
  const { n, next, base, answered = true } = fields
  const ranges = [{ topic: 'x.orders.enriched', partition: 0, baseOffset: base ?? 0, count: 10 }]
  return [
    event(life, t, 'txn', 'invoke', { task: 0, n, kind: 'data', records: 10, next }),
    ...(base === undefined ? [] : [event(life, t + 1, 'produce', 'ok', { task: 0, n, ranges })]),
    event(life, t + 2, 'commit', 'invoke', { task: 0, n, kind: 'data' }),
    ...(answered ? [event(life, t + 3, 'commit', 'ok', { task: 0, n, kind: 'data' })] : []),
  ]
}

const HISTORY: HistoryEvent[] = [
  event('supervisor.a.1', 0, 'spawn', 'info', { worker: 'opa.a' }),
  event('opa.a.1', 5, 'boot', 'info'),
  event('supervisor.a.1', 10, 'feed', 'info', { upTo: 30 }),
  ...txn('opa.a.1', 20, { n: 1, next: 10, base: 0 }),
  ...txn('opb.a.1', 30, { n: 1, next: 11 }),
  ...txn('opa.a.1', 40, { n: 2, next: 20, base: 11, answered: false }),
  event('supervisor.a.1', 50, 'sigkill', 'invoke', { worker: 'opa.a' }),
  event('supervisor.a.1', 52, 'exit', 'info', { worker: 'opa.a', life: 'opa.a.1', signal: 'SIGKILL' }),
  event('supervisor.a.1', 60, 'spawn', 'info', { worker: 'opa.a' }),
  event('opa.a.2', 65, 'boot', 'info'),
  event('opa.a.2', 70, 'resume', 'info', { task: 0, offset: 20 }),
  ...txn('opa.a.2', 80, { n: 1, next: 30, base: 22 }),
  ...txn('opb.a.1', 90, { n: 2, next: 33 }),
]

describe('lag', () => {
  test('counts from the kill; a lost answer counts from its sending, if the next life found it committed', () => {
    expect(zeroOf(HISTORY)).toBe(50)
    expect(lagOf(HISTORY)).toEqual({
      opa: [
        [-40, 30],
        [-27, 20],
        [-8, 10],
        [33, 0],
      ],
      opb: [
        [-40, 0],
        [-27, 10],
        [-17, 0],
        [-8, 10],
        [33, 20],
        [43, 0],
      ],
    })
  })

  test('what the next life did not find committed had not happened', () => {
    const aborted = HISTORY.map((e) => (e.f === 'resume' ? { ...e, offset: 10 } : e))
    expect(lagOf(aborted).opa).toEqual([
      [-40, 30],
      [-27, 20],
      [33, 0],
    ])
  })

  test('lives know when they were killed', () => {
    expect(
      livesOf(HISTORY).map(({ incarnation, spawned, killed }) => [incarnation, spawned, killed]),
    ).toEqual([
      ['opa.a.1', 0, true],
      ['opb.a.1', 30, false],
      ['opa.a.2', 60, false],
    ])
  })
})

describe('charts', () => {
  const cells = [1, 2, 3].map((n) => sampleCell({ cell: `c${n}`, repeat: n, ttr_ms: 100 * n }))

  test('of a run are those that something was measured for', () => {
    const names = runCharts(sampleRun({ cells }), new Map([['c1', HISTORY]])).map((chart) => chart.name)
    expect(names).toEqual(['ttr-phases', 'lag-to-zero', 'isolation', 'snapshot-cost'])
    const vacuous = sampleCell({
      ttr_ms: null,
      snapshot_time_ms: null,
      uncommitted_seen: 0,
      lag_zero_ms: null,
    })
    expect(runCharts(sampleRun({ cells: [vacuous] }), new Map())).toEqual([])
    expect(cellChart(vacuous, [])).toBeUndefined()
  })

  test('say in words what they show, with the number of cells', () => {
    const [ttr] = runCharts(sampleRun({ cells }), new Map())
    expect(ttr?.description).toContain('opb.commit.mid (n 3): 200 ms')
    expect(JSON.stringify(ttr?.option)).toContain('"data":[[100,300,0]]')
  })

  test('a single cell has no whisker', () => {
    const [ttr] = runCharts(sampleRun({ cells: [sampleCell()] }), new Map())
    expect(JSON.stringify(ttr?.option)).toContain('"encode":{"x":[0,1],"y":2},"data":[]')
  })
})

describe('the badge', () => {
  test('counts kills survived and mutants caught', () => {
    const score = scoreOf([sampleRun(), sampleMutantRun()])
    expect(score).toEqual({ kills: 4, survived: 3, lost: false, mutants: 1, caught: 1 })
    expect(badgeSvg(score)).toContain('kills survived 3/4 · mutants caught 1/1')
  })

  test('counts no cell that was not killed', () => {
    const clean = sampleCell({ cell: 'clean', point: NO_KILL })
    expect(scoreOf([sampleRun({ cells: [sampleCell(), clean] })])).toMatchObject({ kills: 1, survived: 1 })
  })

  test('takes the score of the oracle that judged, the worst of several', () => {
    const scored = (caught: number) => sampleRun({ mutation_score: { caught, of: 20, measured: '' } })
    expect(scoreOf([scored(20), scored(19), sampleMutantRun()])).toMatchObject({ mutants: 20, caught: 19 })
    expect(scoreOf([sampleRun({ mutation_score: null }), sampleMutantRun()])).toMatchObject({ mutants: 1 })
  })

  test('is green only where all survived, red where one was lost or a mutant got away', () => {
    const colour = (svg: string): string => /fill="(#\w{6})"\/><\/g>/.exec(svg)?.[1] ?? ''
    const good = sampleRun({ cells: [sampleCell()] })
    const lost = sampleRun({ cells: [sampleCell({ verdict: 'invalid' })] })
    const away = { ...sampleMutantRun(), verdict: 'invalid' as const }
    const colours = [[good], [lost], [good, away], [sampleRun()], []].map((runs) =>
      colour(badgeSvg(scoreOf(runs))),
    )
    expect(colours).toEqual(['#1a7f37', '#cf222e', '#cf222e', '#59636e', '#59636e'])
    expect(badgeSvg(scoreOf([]))).toContain('not measured')
  })
})

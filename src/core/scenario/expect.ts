/**
 * Did the run come out as its experiment file says? Expectations, each with a tick, and the run's verdict.
 *
 * Promises: a run is `valid` when every expectation is met, a caught mutant included; without cells nothing
 * is met. A cell that proves nothing (vacuous, unknown) makes the run that, and an anomaly nobody predicted
 * makes it `invalid`, also where something else was predicted.
 * Does not: judge a cell; that is the oracle's, which knows nothing of expectations.
 */
import type { CellResult, Expectation } from '../matrix/result.ts'
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import { VERDICTS, worst } from '../oracle/verdict.ts'
import { metricOf } from '../report/metrics.ts'
import type { MetricName } from '../report/metrics.ts'
import { formatDuration } from './units.ts'
import type { Expect } from './resolve.ts'

export interface Outcome {
  readonly expectations: readonly Expectation[]
  readonly verdict: Verdict
}

/** What a run without an experiment file expects: every cell valid. */
export const EXPECT_VALID: Expect = { verdict: 'valid', primary: null, allowed: [], max: {}, min: {} }

export function evaluate(expect: Expect, cells: readonly CellResult[]): Outcome {
  const expectations = [
    verdicts(expect, cells),
    ...(expect.primary ? [primary(expect.primary, cells)] : []),
    ...(expect.primary || expect.allowed.length > 0 ? [onlyPredicted(expect, cells)] : []),
    ...thresholds(expect.max, 'max', cells),
    ...thresholds(expect.min, 'min', cells),
  ]
  const verdict = cells.length === 0 ? 'unknown' : worst(cells.map((cell) => outcomeOf(expect, cell)))
  return { expectations, verdict }
}

/** What one cell says of the expectations: valid where it meets them all. */
function outcomeOf(expect: Expect, cell: CellResult): Verdict {
  // Where nothing was proven, a missing anomaly or number is no failure of its own.
  if (cell.verdict !== expect.verdict && PROVES_NOTHING.has(cell.verdict)) return cell.verdict
  const one = [cell]
  const met =
    cell.verdict === expect.verdict &&
    (expect.primary === null || cell.anomalies.includes(expect.primary)) &&
    unpredicted(expect, cell).length === 0 &&
    [...thresholds(expect.max, 'max', one), ...thresholds(expect.min, 'min', one)].every((each) => each.met)
  return met ? 'valid' : 'invalid'
}

const PROVES_NOTHING: ReadonlySet<Verdict> = new Set(['vacuous', 'unknown'])

/** Anomalies of a cell that nobody predicted. Where nothing is predicted, the verdict alone speaks. */
function unpredicted(expect: Expect, cell: CellResult): AnomalyName[] {
  const predicted = new Set<AnomalyName>([...(expect.primary ? [expect.primary] : []), ...expect.allowed])
  return predicted.size === 0 ? [] : cell.anomalies.filter((name) => !predicted.has(name))
}

function verdicts(expect: Expect, cells: readonly CellResult[]): Expectation {
  const found = VERDICTS.map(
    (verdict) => [verdict, cells.filter((cell) => cell.verdict === verdict).length] as const,
  )
    .filter(([, n]) => n > 0)
    .map(([verdict, n]) => `${n} ${verdict}`)
  return {
    text: `every cell is ${expect.verdict}`,
    met: cells.length > 0 && cells.every((cell) => cell.verdict === expect.verdict),
    found: found.join(', ') || 'no cell ran',
  }
}

function primary(name: AnomalyName, cells: readonly CellResult[]): Expectation {
  const showing = cells.filter((cell) => cell.anomalies.includes(name))
  return {
    text: `every cell shows ${name}`,
    met: cells.length > 0 && showing.length === cells.length,
    found: `${showing.length} of ${cells.length} cells`,
  }
}

function onlyPredicted(expect: Expect, cells: readonly CellResult[]): Expectation {
  const others = cells.flatMap((cell) => unpredicted(expect, cell).map((name) => `${name} (${cell.cell})`))
  return {
    text: `no anomaly beside ${[expect.primary, ...expect.allowed].filter(Boolean).join(', ')}`,
    met: others.length === 0,
    found: others.join(', ') || 'none',
  }
}

function thresholds(
  bounds: Readonly<Partial<Record<MetricName, number>>>,
  side: 'max' | 'min',
  cells: readonly CellResult[],
): Expectation[] {
  return (Object.entries(bounds) as [MetricName, number][]).map(([name, bound]) => {
    const values = cells.map((cell) => ({ cell: cell.cell, value: metricOf(cell, name) }))
    const fits = (value: number | null) =>
      value !== null && (side === 'max' ? value <= bound : value >= bound)
    const broken = values.filter(({ value }) => !fits(value))
    const measured = values.map(({ value }) => value).filter((value) => value !== null)
    const extreme = side === 'max' ? Math.max(...measured) : Math.min(...measured)
    return {
      text: `${name} at ${side === 'max' ? 'most' : 'least'} ${shown(name, bound)} in every cell`,
      met: cells.length > 0 && broken.length === 0,
      found:
        broken.length === 0
          ? `${side} ${measured.length > 0 ? shown(name, extreme) : 'not measured'}`
          : broken
              .map(({ cell, value }) => `${value === null ? 'not measured' : shown(name, value)} (${cell})`)
              .join(', '),
    }
  })
}

const shown = (name: MetricName, value: number): string => {
  if (name.endsWith('_bytes')) return `${value} bytes`
  return name.endsWith('_ms') ? formatDuration(Math.round(value)) : String(value)
}

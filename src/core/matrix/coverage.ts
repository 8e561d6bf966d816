/**
 * How many of the planned points and pairs a run reached, and how many kills were proven.
 *
 * Promises: pure; a repeat, a second hit or a cold restart of a point is no point of its own. A point counts as
 * hit only if every cell of it was. Does not: judge; a cell of a proven kill may be invalid all the same.
 */
import { NO_KILL, type CellResult, type Coverage } from './result.ts'

/** The point of a cell; the points of a pair with a plus between them. A loop has a name of its own. */
export function nameOfKills(cell: Pick<CellResult, 'point' | 'kills'>): string {
  const points = (cell.kills ?? []).map(({ point }) => point)
  return points.length < 2 || !points.includes(cell.point) ? cell.point : points.join('+')
}

export function coverageOf(cells: readonly CellResult[]): Coverage {
  const points = new Map<string, CellResult[]>()
  for (const cell of cells) {
    if (cell.point === NO_KILL) continue
    const name = nameOfKills(cell)
    points.set(name, [...(points.get(name) ?? []), cell])
  }
  const all = [...points]
  const whereAll = (holds: (cell: CellResult) => boolean): number =>
    all.filter(([, same]) => same.every(holds)).length
  return {
    points: points.size,
    reached: whereAll((cell) => cell.reached !== false),
    hit: whereAll((cell) => cell.evidence.verdict === 'hit'),
    vacuous: all
      .filter(([, same]) => same.some((cell) => cell.evidence.verdict !== 'hit'))
      .map(([name]) => name),
  }
}

export function coverageText(coverage: Coverage): string {
  const { points, reached, hit, vacuous } = coverage
  const missed = vacuous.length === 0 ? '' : `: ${vacuous.join(', ')}`
  return `Distinct points and pairs: ${points}; reached ${reached}, hit with proof ${hit}, vacuous ${vacuous.length}${missed}.`
}

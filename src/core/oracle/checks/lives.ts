/**
 * Lives: the journals, taken apart into what one incarnation did with one task. The newest life of a worker
 * is the one with the highest number behind its name (`opb.a.2` follows `opb.a.1`).
 */
import type { HistoryEvent } from '../../history/event.ts'
import type { View } from '../view.ts'

export interface Life {
  readonly incarnation: string
  /** `opb.a`: the same worker in all its lives. */
  readonly worker: string
  readonly number: number
  readonly task: number
  readonly operator: string
  /** Of this task, and those that belong to the whole worker (error, stop), in order. */
  readonly events: readonly HistoryEvent[]
}

const WHOLE: ReadonlySet<string> = new Set(['error', 'stop'])

/** Every life of every task, oldest first. */
export const livesOf = (view: View): readonly Life[] =>
  view.keep('lives', () => {
    const { journals } = view.input
    if (!journals) throw view.missing('journals', 'the journals could not be read')
    const byIncarnation = new Map<string, HistoryEvent[]>()
    for (const event of journals) {
      const list = byIncarnation.get(event.incarnation)
      if (list) list.push(event)
      else byIncarnation.set(event.incarnation, [event])
    }
    const lives: Life[] = []
    for (const [incarnation, all] of byIncarnation) {
      const parts = /^(.+)\.(\d+)$/.exec(incarnation)
      if (!parts || all[0]!.who === 'supervisor') continue
      const lines = all.toSorted((a, b) => a.i - b.i)
      const tasks = new Set(lines.flatMap((e) => (e.task === undefined ? [] : [e.task])))
      for (const task of tasks) {
        const events = lines.filter((e) => e.task === task || WHOLE.has(e.f))
        lives.push({
          incarnation,
          worker: parts[1]!,
          number: Number(parts[2]),
          task,
          operator: lines[0]!.who,
          events,
        })
      }
    }
    // By number within a worker, which needs no clock, else by the one that nobody can set: a wall clock may
    // have been moved between two lives.
    return lives.sort((a, b) =>
      a.worker === b.worker ? a.number - b.number : a.events[0]!.t - b.events[0]!.t,
    )
  })

export const eventOf = (life: Life, f: string, type: string): HistoryEvent | undefined =>
  life.events.find((e) => e.f === f && e.type === type)

/** The last life of each operator's task: what it did not do, nobody did. */
export function newestLives(view: View): Life[] {
  const newest = new Map<string, Life>()
  for (const life of livesOf(view)) newest.set(`${life.operator}/${life.task}`, life)
  return [...newest.values()]
}

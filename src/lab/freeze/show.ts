/** What `eoslab freeze` prints: panels while it is halted, then what changed, the verdict and the phases. */
import { colourFor, widthFor } from '../../adapters/terminal/colour.ts'
import { panelsText } from '../../adapters/terminal/panels.ts'
import { ask } from '../../adapters/terminal/prompt.ts'
import { panelsOf } from '../../core/freeze/panels.ts'
import { standsAt, whoKnowsWhat, type Subject } from '../../core/freeze/subject.ts'
import type { FreezeView } from '../../core/freeze/view.ts'
import { PHASES, type CellResult } from '../../core/matrix/result.ts'
import { heading, left, list, right, table, text, words, type Block } from '../../core/report/blocks.ts'
import { number } from '../../core/report/numbers.ts'
import { forTerminal } from '../report/report.ts'
import type { Choice, Frozen } from './freeze.ts'
import { FREEZABLE } from './points.ts'

/** A file is read in an editor, not at 200 columns. */
const WIDEST = 140

export function haltedText(view: FreezeView, subject: Subject): string {
  const width = Math.min(WIDEST, widthFor(process.stdout, process.env))
  const colour = colourFor(process.stdout, process.env)
  const panels = panelsText(panelsOf(view, subject, true), { width, colour })
  return `${forTerminal([heading(1, standsAt(subject))])}${panels}`
}

/** Null where nobody can be asked. */
export function asker(): (() => Promise<Choice | 'show'>) | null {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return null
  return () => ask({ input: process.stdin, output: process.stdout }, ['kill', 'continue', 'show', 'quit'])
}

export function endText({ chosen, changes, result }: Frozen): string {
  const cell = result?.cells[0]
  if (!cell) return chosen === 'quit' ? 'Everything is stopped and removed; nothing was judged.\n' : ''
  const blocks: Block[] = []
  if (changes.length > 0) {
    const columns = [
      left('what'),
      words('while halted'),
      words(chosen === 'kill' ? 'after the recovery' : 'at the end'),
    ]
    blocks.push(
      table(
        columns,
        changes.map((change) => [...change]),
      ),
    )
  }
  return forTerminal([...blocks, ...verdictBlocks(cell), text(`More: eoslab explain ${cell.cell}`)])
}

function verdictBlocks(cell: CellResult): Block[] {
  const { verdict, evidence, phases, ttr_ms, anomalies, story, problem } = cell
  const told = [
    story,
    ...(evidence.verdict === 'none' ? [] : [`evidence: ${evidence.verdict}, ${evidence.summary}`]),
    ...(anomalies.length > 0 ? [`anomalies: ${anomalies.join(', ')}`] : []),
    ...(problem === null ? [] : [`problem: ${problem}`]),
  ]
  const blocks = [heading(2, `${cell.cell}: ${verdict}`), list(told)]
  if (!phases || ttr_ms === null) return blocks
  const columns = [right('ttr_ms'), ...PHASES.map(right)]
  return [...blocks, table(columns, [[number(ttr_ms), ...PHASES.map((phase) => number(phases[phase]))]])]
}

/** For programs: the views as they are, the subject without its journal. */
export function frozenJson({ subject, before, after, changes, chosen, result }: Frozen) {
  const txn = subject?.transaction
  return {
    chosen: chosen ?? null,
    halted:
      subject && before
        ? {
            point: subject.point,
            hit: subject.hit,
            task: subject.task,
            incarnation: subject.incarnation,
            transaction: txn?.n ?? null,
            known: whoKnowsWhat(before, subject),
            view: before,
          }
        : null,
    after: after ?? null,
    changes: changes.map(([what, before_, after_]) => ({ what, before: before_, after: after_ })),
    cell: result?.cells[0] ?? null,
    results: result?.results ?? null,
  }
}

/** Where it can halt, for programs: in the form of `crash-matrix --list`. */
export const freezableJson = () => ({
  points: FREEZABLE.map(({ name, sentence, precondition, made }) => ({
    point: name,
    sentence,
    precondition,
    made,
  })),
})

export function freezableText(): string {
  const rows = FREEZABLE.map(({ name, sentence, precondition }) => [name, sentence, precondition])
  return forTerminal([table([left('point'), words('halted when'), words('needs')], rows)])
}

/**
 * The view as panels of short lines, to be laid side by side: who knows what, each log with its stable offset
 * drawn where it lies, offsets, the coordinator, SQLite, the manifest.
 *
 * Promises: pure and plain text; a line's tone says the same as its words. Does not: know any width.
 */
import { number, printable } from '../report/numbers.ts'
import { timedOut, timeLeft, whoKnowsWhat, type Subject } from './subject.ts'
import type { FreezeView, LogView, ManifestView, StateView, Stretch, TaskTransaction } from './view.ts'

export type Tone = 'committed' | 'aborted' | 'open' | 'edge' | 'plain'

export interface PanelLine {
  readonly text: string
  readonly tone: Tone
}

export interface Panel {
  readonly title: string
  readonly lines: readonly PanelLine[]
  /** As wide as the terminal: it holds sentences. */
  readonly wide: boolean
}

const SETTLED_SHOWN = 3
const UNSETTLED_SHOWN = 4

const line = (text: string, tone: Tone = 'plain'): PanelLine => ({ text: printable(text), tone })
const panel = (title: string, lines: readonly PanelLine[], wide = false): Panel => ({ title, lines, wide })

const TONES: Readonly<Record<Stretch['fate'], Tone>> = {
  committed: 'committed',
  aborted: 'aborted',
  open: 'open',
  COMMIT: 'committed',
  ABORT: 'aborted',
}

/** `1275..1341 67 open, opa.a.1/20` */
function stretchLines(stretch: Stretch, withKeys: boolean): PanelLine[] {
  const { from, to, fate, records, transaction, producerId, epoch, keys } = stretch
  const at = from === to ? `${from}` : `${from}..${to}`
  if (records === 0) return [line(`${at} ${fate}, producer ${producerId} epoch ${epoch}`, TONES[fate])]
  const own = transaction === undefined ? '' : `, ${transaction}`
  const lines = [line(`${at} ${number(records)} ${fate}${own}`, TONES[fate])]
  const more = records > keys.length ? '… ' : ''
  return withKeys ? [...lines, line(`  ${more}${keys.join(', ')}`, TONES[fate])] : lines
}

function logPanel(log: LogView): Panel {
  const { lastStableOffset: lso, highWatermark: high, stretches } = log
  const settled = stretches.filter((s) => s.to < lso)
  const above = stretches.filter((s) => s.to >= lso)
  const hidden = Math.max(0, settled.length - SETTLED_SHOWN)
  const shown = settled.slice(-SETTLED_SHOWN)
  const newest = shown.findLast((s) => s.records > 0)
  const lines: PanelLine[] = []
  if (hidden > 0)
    lines.push(line(`0..${settled[hidden - 1]!.to} earlier: ${totals(settled.slice(0, hidden))}`))
  for (const s of shown) lines.push(...stretchLines(s, s === newest && above.length === 0))
  if (lso < high) lines.push(line(`LSO ${lso}: here read_committed ends`, 'edge'))
  for (const s of above.slice(0, UNSETTLED_SHOWN)) lines.push(...stretchLines(s, s.records > 0))
  if (above.length > UNSETTLED_SHOWN) lines.push(line(`${above.length - UNSETTLED_SHOWN} more stretches`))
  if (stretches.length === 0) lines.push(line('empty'))
  lines.push(line(lso < high ? `high watermark ${high}` : `LSO and high watermark ${high}`, 'edge'))
  return panel(`${log.role}/${log.partition}`, lines)
}

function totals(stretches: readonly Stretch[]): string {
  const count = (fate: Stretch['fate']): number =>
    stretches.filter((s) => s.fate === fate).reduce((sum, s) => sum + s.records, 0)
  const aborted = count('aborted')
  return `${number(count('committed'))} committed${aborted > 0 ? `, ${number(aborted)} aborted` : ''}`
}

/** All logs in which something is open, and of the others those of the task. */
function logPanels({ logs }: FreezeView, task: number): Panel[] {
  return logs.filter((log) => log.partition === task || log.open > 0).map(logPanel)
}

/** Without the prefix, which is the same everywhere: `enriched/0`; what is not the pipeline's stays as it is. */
function shortName({ logs }: FreezeView, place: string): string {
  const log = logs.find(({ topic, partition }) => place === `${topic}/${partition}`)
  return log ? `${log.role}/${log.partition}` : place
}

function transactionLines({ operator, task, found }: TaskTransaction, view: FreezeView): PanelLine[] {
  const id = `${operator}-${task}`
  if (!found) return [line(`${id}: unknown to the coordinator`)]
  const ongoing = found.startedAt !== undefined
  const tone = ongoing ? 'open' : 'plain'
  const head = line(`${id}: ${found.state}, producer ${found.producerId} epoch ${found.epoch}`, tone)
  if (!ongoing) return [head]
  return [
    head,
    line(`  ${timeLeft(found, view.atMs).replace(/^; /, '')}`, tone),
    line(
      `  in it: ${found.partitions.map((p) => shortName(view, p)).join(', ') || 'no partition yet'}`,
      tone,
    ),
  ]
}

function offsetLines(view: FreezeView): PanelLine[] {
  return view.groups.map(({ operator, topic, partition, offset, staged, lastStableOffset }) => {
    const at = offset === undefined ? 'none' : `${offset}`
    const left = Math.max(0, lastStableOffset - (offset ?? 0))
    const rest = left > 0 ? `, ${number(left)} offsets to the LSO` : ', at the LSO'
    const later = staged === undefined ? '' : `; staged: ${staged}`
    return line(
      `${operator} in ${shortName(view, `${topic}/${partition}`)}: ${at}${rest}${later}`,
      staged === undefined ? 'plain' : 'open',
    )
  })
}

const stateLines = (state: StateView): PanelLine[] => [
  line(`${number(state.rows)} rows, sum ${number(state.sum)}`),
  line(`next input ${state.nextInput}, next changelog ${state.nextChangelog}`),
  line(`owner ${state.owner ?? 'nobody'}`),
  ...(state.behind > 0 ? [line(`${number(state.behind)} committed changes not applied`, 'open')] : []),
]

const manifestLines = (manifest: ManifestView): PanelLine[] => [
  line(`${manifest.snapshotId} (${manifest.kind})`),
  line(`${number(manifest.keys)} keys, ${number(manifest.bytes)} bytes`),
  line(`back to input ${manifest.nextInput}, changelog ${manifest.nextChangelog}`),
  line(`${manifest.files.there} of ${manifest.files.named} files on disk`),
]

export function panelsOf(view: FreezeView, subject: Subject, halted: boolean): Panel[] {
  const { task } = subject
  const known = whoKnowsWhat(view, subject).map(({ who, what }) => line(`${`${who}:`.padEnd(12)} ${what}`))
  const late =
    halted && timedOut(view, subject)
      ? [line('The broker has ended it: its time was over. Going on, the worker will be refused.', 'aborted')]
      : []
  const states = view.states.filter((s) => s.task === task)
  const manifests = view.manifests.filter((m) => m.task === task)
  const problems = Object.entries(view.problems).map(([what, why]) => line(`${what}: ${why}`))
  const n = subject.transaction?.n
  const title =
    n === undefined ? 'Who knows what' : `Who knows what of transaction ${n} of ${subject.incarnation}`
  return [
    panel(title, [...known, ...late], true),
    ...logPanels(view, task),
    panel('Committed offsets', offsetLines(view)),
    panel(
      'Transaction coordinator',
      view.transactions.flatMap((t) => transactionLines(t, view)),
    ),
    ...states.map((state) => panel(`SQLite opb-${state.task}`, stateLines(state))),
    ...(manifests.length === 0 ? [panel('Manifest', [line('none is committed')])] : []),
    ...manifests.map((manifest) => panel(`Newest manifest opb-${manifest.task}`, manifestLines(manifest))),
    ...(problems.length > 0 ? [panel('Could not be read just now', problems, true)] : []),
  ]
}

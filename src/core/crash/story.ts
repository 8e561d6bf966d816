/**
 * The story of a cell in one sentence: what committed, what aborted and why, how it came back, what was found.
 *
 * Promises: pure; every number in it is from the journals, the evidence or the verdict, none is assumed.
 * A vacuous kill tells only why it proves nothing.
 *
 * Example: "opb was killed after EndTxn had reached the broker: transaction 7 (66 records) committed, the
 * client never learned; recovery replayed 66 changelog records and resumed at 1,254; nothing lost, nothing
 * twice."
 */
import type { HistoryEvent } from '../history/event.ts'
import type { Evidence } from '../matrix/result.ts'
import type { AnomalyName, Verdict } from '../oracle/verdict.ts'
import { findPoint } from './points.ts'

export interface StoryFacts {
  /** Name in the registry. */
  readonly point: string
  /** Points at which the lives before were killed. */
  readonly before?: readonly string[]
  readonly task: number
  readonly mode: 'warm' | 'cold'
  /** Name of what befell it beside the kill. */
  readonly fault?: string | undefined
  readonly evidence: Evidence
  readonly journals: { readonly killed: readonly HistoryEvent[]; readonly next: readonly HistoryEvent[] }
  readonly verdict: Verdict
  readonly anomalies: readonly AnomalyName[]
  /** Records per topic that only read_uncommitted saw while the transaction dangled. */
  readonly dangling?: Readonly<Record<string, number>> | undefined
}

const count = (value: unknown): string => Number(value).toLocaleString('en-US')

const records = (value: unknown, what = ''): string =>
  `${count(value)} ${what}record${Number(value) === 1 ? '' : 's'}`

/** When the process died, by `<step>.<moment>`. */
const WHEN: Readonly<Record<string, string>> = {
  'poll.after': 'with a batch fetched and nothing begun',
  'compute.after': 'with a batch computed and nothing sent',
  'produce.mid': 'with half of the records acknowledged',
  'produce.after': 'with all records acknowledged and no offsets added',
  'offsets.after': 'with records and offsets staged',
  'commit.before': 'before its commit was sent',
  'commit.mid': 'after EndTxn had reached the broker',
  'commit.held': 'with EndTxn held back on the wire',
  'commit.after': 'after the commit was answered',
  'apply.before': 'after the commit was answered, before its state followed',
  'apply.mid': 'inside the transaction of its state',
  'apply.after': 'after its state had followed',
  'random.any': 'at a random moment',
  'pause.commit.before': 'stopped before its commit was sent, overtaken, and woken',
  'pause.commit.after': 'stopped after its commit was answered, overtaken, and woken',
  'pause.snapshot-rename.before': 'stopped before its snapshot had a name, overtaken, and woken',
  'snapshot-copy.mid': 'while it copied a snapshot',
  'snapshot-rename.before': 'before its snapshot had a name',
  'snapshot-rename.after': 'before its snapshot was published',
  'manifest-produce.after': 'before its manifest was committed',
  'manifest-commit.mid': "after its manifest's EndTxn had reached the broker",
  'manifest-commit.after': 'after its manifest was committed, before it pruned',
  'prune.mid': 'while it pruned',
  'fence.after': 'once it had fenced',
  'manifest-load.after': 'once it had read the manifests',
  'restore.mid': 'while it restored',
  'restore.after': 'once it had restored',
  'replay.mid': 'while it replayed',
  'replay.after': 'once it had replayed',
}

const placeOf = (name: string): string => {
  const point = findPoint(name)
  return WHEN[`${point?.step}.${point?.moment}`] ?? `at ${name}`
}

function fate(facts: StoryFacts, txn: { n: number; records: number; what: string }): string {
  const { evidence, point } = facts
  const name = `${txn.what} ${txn.n} (${records(txn.records)})`
  const proof = findPoint(point)?.proof
  if (evidence.marker === 'COMMIT') {
    if (proof === 'unanswered') return `${name} committed, the client never learned`
    // An operator without state has nothing to apply, so there is nothing to say about it.
    const unapplied = proof === 'unapplied' && facts.journals.killed.some((e) => e.f === 'apply')
    return unapplied ? `${name} committed, nothing of it was applied` : `${name} committed`
  }
  if (evidence.marker !== 'ABORT') return `nothing of ${name} had reached the log`
  const seen = Object.values(facts.dangling ?? {}).reduce((sum, n) => sum + n, 0)
  const open = seen > 0 ? `left ${records(seen)} that only read_uncommitted saw, and ` : ''
  return `${name} ${open}aborted when the next incarnation fenced it`
}

const ofTask = (
  facts: StoryFacts,
  f: HistoryEvent['f'],
  type: HistoryEvent['type'],
): HistoryEvent | undefined =>
  facts.journals.next.find((e) => e.f === f && e.type === type && e.task === facts.task)

function comeback(facts: StoryFacts): string {
  const restore = ofTask(facts, 'restore', 'ok')
  const replay = ofTask(facts, 'replay', 'ok')
  const resume = ofTask(facts, 'resume', 'info')
  const lost = facts.mode === 'cold' ? 'its local state was deleted; ' : ''
  const steps: string[] = []
  if (restore?.['source'] === 'snapshot')
    steps.push(`restored ${count(restore['keys'])} keys from a snapshot`)
  if (restore?.['source'] === 'none') steps.push('began from an empty state')
  if (replay) {
    const none = Number(replay['records']) === 0
    steps.push(none ? 'had nothing to replay' : `replayed ${records(replay['records'], 'changelog ')}`)
  }
  if (resume) steps.push(`resumed at ${count(resume['offset'] ?? 0)}`)
  if (steps.length === 0) return `${lost}no recovery was journalled`
  const listed = steps.length > 1 ? `${steps.slice(0, -1).join(', ')} and ${steps.at(-1)}` : steps[0]
  return `${lost}recovery ${listed}`
}

function outcome({ verdict, anomalies }: StoryFacts): string {
  if (anomalies.length > 0) return `the oracle found ${anomalies.join(', ')}`
  if (verdict === 'invalid') return 'the oracle found it wrong'
  return verdict === 'unknown' ? 'the oracle could not judge it' : 'nothing lost, nothing twice'
}

export function story(facts: StoryFacts): string {
  const point = findPoint(facts.point)
  const { evidence } = facts
  if (!point || evidence.verdict === 'vacuous') {
    return `The kill at ${facts.point} proves nothing: ${evidence.summary}; ${outcomeOfVacuous(facts)}.`
  }
  const before = (facts.before ?? []).map((name) => `${placeOf(name)}, and again `).join('')
  if (point.fault)
    return `${point.sentence}; ${point.operator} ended by itself; ${comeback(facts)}; ${outcome(facts)}.`
  const what = point.made === 'stop' ? 'was' : 'was killed'
  const fates = fatesOf(facts)
  const fault = facts.fault === undefined ? '' : `${findPoint(facts.fault)?.sentence ?? facts.fault}; `
  return `${point.operator} ${what} ${before}${placeOf(point.name)}: ${fates}${fault}${comeback(facts)}; ${outcome(facts)}.`
}

/** What became of the transaction in hand, where the kill was about one. */
function fatesOf(facts: StoryFacts): string {
  if (facts.evidence.transaction === null) return ''
  const n = Number(facts.evidence.transaction.split('/').at(-1))
  const begun = facts.journals.killed.filter((e) => e.task === facts.task && e.f === 'txn' && e['n'] === n)
  const manifest = begun.some((e) => e['kind'] === 'manifest')
  const records = Number(begun[0]?.['records'] ?? 0)
  return `${fate(facts, { n, records, what: manifest ? "its manifest's transaction" : 'transaction' })}; `
}

/** Without proof of the kill a clean log is no merit, but an anomaly is still one. */
const outcomeOfVacuous = (facts: StoryFacts): string =>
  facts.anomalies.length > 0 ? outcome(facts) : 'what came out of it is not counted as a pass'

/**
 * What `evidence ways` found: every way back to one state, and the page it is shown as.
 *
 * Promises: pure. A way is right when it ended in the hash of its repeat and came the way that it says it
 * came; a repeat is right when all its ways are, when sqlite3 and sha256sum (where they are there) say the
 * same hash, and when the pipeline, let run on, ended in the state of every other repeat.
 */
import { code, heading, left, right, table, text, words, type Block } from '../report/blocks.ts'
import { NOTHING, number } from '../report/numbers.ts'

/** What the state hash is made of, as a person computes it (contracts/schema-v1.md). */
export const HASH_QUERY = "select key||','||sum||','||count||','||seq from state order by key"
export const hashCommand = (file: string): string => `sqlite3 ${file} "${HASH_QUERY}" | sha256sum`

export const WAYS = {
  warm: 'the state as the kill left it, and the tail',
  overlap: "from the manifest's offset onto a state that has it all: everything is skipped",
  cold: 'the state lost: the newest snapshot, its chain, and the tail',
  'older manifest': 'the oldest snapshot still kept, after newer commits',
  'damaged snapshot': 'one bit of the newest snapshot flipped: said aloud, the one before is taken',
  'missing snapshot': 'the newest snapshot and its JSON removed: said aloud, the one before is taken',
  'full replay': 'no snapshot: the whole changelog',
  'changelog off': 'no snapshot, no changelog: the input again, up to the committed offset',
  'crash, again': 'a recovery killed by SIGKILL in the middle, and then another one',
  compacted: 'the whole changelog, after the cleaner really ran over it',
} as const
export type WayName = keyof typeof WAYS

export interface WayBack {
  readonly way: WayName
  readonly restore_source: 'local' | 'snapshot' | 'none'
  readonly snapshot_id: string | null
  readonly applied: number
  readonly skipped: number
  readonly ms: number
  readonly state_hash: string
  /** Computed by sqlite3 and sha256sum from the file; null where they are not installed. */
  readonly sqlite3_hash: string | null
  /** Why it is not the way it should be; null where it is. */
  readonly objection: string | null
  /** Where the crash was, and the like. */
  readonly note: string
}

export interface WaysRepeat {
  readonly repeat: number
  readonly seed: number
  /** Input offset committed at the kill. */
  readonly killed_at: number
  readonly last_event: string
  readonly snapshots: number
  readonly keys: number
  readonly ways: readonly WayBack[]
  /** After the pipeline ran on to the end of the input. */
  readonly final_hash: string
  readonly final_keys: number
  readonly state: string
}

export interface WaysFound {
  readonly orders: number
  readonly from: string | null
  readonly window_s: number
  readonly repeats: readonly WaysRepeat[]
}

const isRight = (found: WayBack, hash: string): boolean =>
  found.state_hash === hash &&
  found.objection === null &&
  (found.sqlite3_hash === null || found.sqlite3_hash === hash)

export const hashOf = ({ ways }: WaysRepeat): string => ways[0]?.state_hash ?? ''

export const finals = ({ repeats }: WaysFound): string[] => [...new Set(repeats.map((r) => r.final_hash))]

export const waysValid = (found: WaysFound): boolean =>
  found.repeats.length > 0 &&
  found.repeats.every(
    (r) => r.ways.length === Object.keys(WAYS).length && r.ways.every((w) => isRight(w, hashOf(r))),
  ) &&
  finals(found).length === 1

const range = (values: readonly number[]): string => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? number(least) : `${number(least)} to ${number(most)}`
}

function wayTable({ repeats }: WaysFound): Block {
  const rows = (Object.keys(WAYS) as WayName[]).map((name) => {
    const all = repeats.flatMap((r) =>
      r.ways.filter((w) => w.way === name).map((w) => ({ w, ok: isRight(w, hashOf(r)) })),
    )
    const good = all.filter(({ ok }) => ok).length
    const sources = [...new Set(all.map(({ w }) => w.restore_source))]
    const of = (field: 'applied' | 'skipped' | 'ms'): string => range(all.map(({ w }) => w[field]))
    return [
      name,
      WAYS[name],
      all.length === 0 ? NOTHING : sources.join(', '),
      ...(all.length === 0 ? [NOTHING, NOTHING, NOTHING] : [of('applied'), of('skipped'), of('ms')]),
      `${good} of ${repeats.length}`,
      good === repeats.length ? 'valid' : 'invalid',
    ]
  })
  const columns = [left('way'), words('what comes back from'), left('from'), right('applied')]
  return table([...columns, right('skipped'), right('ms'), right('same hash'), left('verdict')], rows)
}

const repeatTable = ({ repeats }: WaysFound): Block =>
  table(
    [
      right('repeat'),
      right('seed'),
      right('killed at'),
      words('last line'),
      right('snapshots'),
      right('keys in the newest'),
    ].concat([left('state hash of all ways'), left('hash at the end')]),
    repeats.map((r) => [
      ...[r.repeat, r.seed, r.killed_at].map(number),
      r.last_event,
      ...[r.snapshots, r.keys].map(number),
      `${hashOf(r).slice(0, 16)}…`,
      `${r.final_hash.slice(0, 16)}…`,
    ]),
  )

export function waysBlocks(found: WaysFound): Block[] {
  const { repeats, orders, from, window_s } = found
  const wrong = repeats.flatMap((r) =>
    r.ways
      .filter((w) => !isRight(w, hashOf(r)))
      .map((w) => `repeat ${r.repeat}, ${w.way}: ${w.objection ?? `another hash: ${w.state_hash}`}`),
  )
  const shell = repeats.flatMap((r) => r.ways).filter((w) => w.sqlite3_hash !== null).length
  const last = repeats.at(-1)
  return [
    heading(2, `ways back: ${waysValid(found) ? 'valid' : 'invalid'}`),
    text(
      `${number(orders)} orders${from === null ? '' : ` of ${from}`}, window ${window_s} s. In each repeat a real OpB is killed by SIGKILL at a random place, and its state is then brought back in ${Object.keys(WAYS).length} ways; afterwards it runs on to the end.`,
    ),
    wayTable(found),
    repeatTable(found),
    ...(wrong.length > 0 ? [text('What is wrong:'), code(wrong)] : []),
    text(
      finals(found).length === 1
        ? `Run on to the end of the input, all ${repeats.length} repeats have ${number(last?.final_keys)} keys and one hash: ${finals(found)[0]}`
        : `Run on to the end of the input, the repeats ended in ${finals(found).length} different states.`,
    ),
    text(
      shell > 0
        ? `${number(shell)} of these hashes were also computed by sqlite3 and sha256sum. The last state is kept; by hand:`
        : 'sqlite3 or sha256sum is not installed here, so nobody else has computed them. By hand:',
    ),
    code([hashCommand(last?.state ?? 'state.db')]),
  ]
}

export const WAYS_COLUMNS = [
  'repeat',
  'seed',
  'killed_at',
  'way',
  'restore_source',
  'snapshot_id',
  'applied',
  'skipped',
  'ms',
  'state_hash',
  'sqlite3_hash',
  'verdict',
  'note',
  'objection',
] as const

/** One line per repeat and way. */
export const waysCsv = ({ repeats }: WaysFound): (string | number | null)[][] =>
  repeats.flatMap((r) =>
    r.ways.map((w) => [
      r.repeat,
      r.seed,
      r.killed_at,
      w.way,
      w.restore_source,
      w.snapshot_id,
      w.applied,
      w.skipped,
      w.ms,
      w.state_hash,
      w.sqlite3_hash,
      isRight(w, hashOf(r)) ? 'valid' : 'invalid',
      w.note,
      w.objection,
    ]),
  )

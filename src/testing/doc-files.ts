/**
 * The generated parts of the documentation: whole files, and marked blocks inside files written by hand.
 * `make docs` writes them and src/docs.test.ts compares.
 *
 * Promises: every row comes from the table that the code itself runs on, so a new error, crash point, check,
 * anomaly or mutant appears by running `make docs`, and nothing that was removed stays behind.
 * Does not: touch a line outside the markers `<!-- generated: NAME -->` and `<!-- end -->`.
 */
import { CRASH_POINTS, type CrashPoint, type Proof } from '../core/crash/points.ts'
import { FAULTS } from '../core/crash/faults.ts'
import { ERROR_TABLE } from '../core/errors.ts'
import { CHECKS } from '../core/oracle/checks/index.ts'
import { ANOMALY_MEANING } from '../core/scenario/anomalies.ts'
import { MUTANTS, type Mutant } from '../core/scenario/mutants.ts'
import { codeWord as code, markdownTable as table, NOTE } from './doc-tables.ts'
import { licences } from './licences.ts'
import { referencePages } from './reference.ts'

/** Files that hold generated blocks between text written by hand. */
const MIXED = ['README.md', 'docs/design.md', 'docs/faults.md'] as const

function errors(): string {
  const rows = Object.entries(ERROR_TABLE)
    .sort(([, a], [, b]) => a.exit - b.exit)
    .map(([name, row]) => [code(name), String(row.exit), row.definite ? 'yes' : 'no', row.meaning, row.next])
  return `${NOTE}

# Errors

Every error that reaches a user is one of these. It is printed as a message that names the thing and the place, and a hint with the next step; with \`--json\` as \`{"error":{"code","message","hint","exit"}}\` on stdout. The table in the code is \`src/core/errors.ts\`.

"Sure" says whether the outcome is known. Where it is not, the thing may have happened all the same (a commit that was in flight, say): nothing is retried, and the next recovery finds out. What to do is what the hint says, unless the place of the error knows better.

${table(['code', 'exit', 'sure', 'meaning', 'what to do'], rows)}
`
}

const MADE: Readonly<Record<CrashPoint['made'], string>> = {
  worker: 'the worker itself: it journals the point and sends itself SIGKILL, both synchronously',
  wire: 'the supervisor, the moment the wire proxy has the frame in hand',
  supervisor: 'the supervisor, when it has read the n-th line of the journal',
  stop: 'nobody: the worker journals the point and sends itself SIGSTOP; once another incarnation has taken over and finished, the supervisor sends SIGCONT, and what the zombie then tries has to be refused',
}

/** What core/crash/evidence.ts asks for, in words. */
const PROVEN: Readonly<Record<Exclude<Proof, 'fault'>, string>> = {
  idle: 'the journal ends with the kill; the transaction before it is committed and applied; the raw log holds no record of a later one of this life',
  unsent:
    'the journal shows the transaction begun and nothing of it after that; the raw log holds no record of it',
  partial:
    'fewer records are acknowledged than the batch has, the raw log holds just those; otherwise as aborted',
  refused:
    "the proxy held EndTxn back, let it go after the next incarnation's fence had returned, and saw an answer with an error; the raw log shows that fence's ABORT",
  applied:
    'the journal has the answer to the commit and the apply; the raw log shows COMMIT; SQLite stands at the offset after the transaction',
  unnamed:
    'the snapshot directory holds the file under its temporary name and not under its own; no manifest in the raw log names it',
  unpublished:
    'the snapshot directory holds the file under its own name; no manifest in the raw log names it',
  'manifest-aborted': "as aborted, for the manifest's own transaction",
  'manifest-unanswered': "as unanswered, for the manifest's own transaction",
  published: "the journal has the answer to the manifest's commit and no pruning; the raw log shows COMMIT",
  'half-pruned': 'as published, and just one snapshot file lies without its JSON',
  recovering:
    'the life had fenced, its journal has the step before the point and not the one after; for replay.mid SQLite stands between both ends of the replay, for restore.mid there is no current state; the raw log holds no record of this life',
  powerless:
    'stopped at the point (state T in /proc), woken after the next incarnation had fenced; from then on its journal has no successful commit, offset, apply or manifest, but a refusal (FENCED or OWNER_CHANGED), and it ended by itself; two things are no effect: an answer to another of its tasks whose COMMIT the raw log dates before the waking, and an apply of such a transaction into a directory of its own, where the one that took over has another; the transaction in hand has the marker that its moment demands',
  repeated: 'every kill in the row has the proof of its own point',
  aborted:
    "the journal ends with the kill at this point and hit, records of the transaction were acknowledged, no commit had begun; the raw log shows ABORT, written after the next incarnation began to fence and before the transaction's deadline",
  unanswered:
    'the journal shows the commit sent and nothing of the task after it, the proxy saw EndTxn go out and withheld an answer without error; the raw log shows COMMIT',
  unapplied:
    'the journal has the answer to the commit and no apply; the raw log shows COMMIT; where state is kept, SQLite stands at the offset before the transaction',
  event: 'the n-th line was journalled before the kill; the raw log shows either marker',
}

function crashPoints(): string {
  const rows = CRASH_POINTS.map((p) => [code(p.name), p.sentence, p.precondition, p.made, p.proof])
  const legend = (entries: Readonly<Record<string, string>>): string[][] =>
    Object.entries(entries).map(([name, text]) => [name, text])
  return `${NOTE}

# Crash points

A point is named \`<operator>.<step>.<before|mid|after>\`, or \`<operator>.random\`; two with a plus between them are a pair: the second kill is of the life that follows the first (\`opb.commit.mid+opb.replay.mid\`). It can be asked for by its full name, by a glob (\`opb.*\`), or as \`<moment>-<step>\` for every operator (\`mid-commit\`), each with an optional \`:hit\`: the n-th time that the task gets there, counted from the release of the rest of the load. Without a hit the seed draws one. The table in the code is \`src/core/crash/registry.ts\`; \`bin/eoslab crash-matrix --list\` prints it.

${table(['point', 'killed when', 'needs', 'killed by', 'proof'], rows)}

## Killed by

${table(['who', 'how'], legend(MADE))}

## Proof

Except for \`powerless\`, all of them need a process that ended by SIGKILL; those about a transaction find it in the raw log by producer id and order. Whatever is missing or contradicts makes the cell \`vacuous\`, with the reason (\`src/core/crash/evidence.ts\`).

${table(['proof', 'what the evidence must show'], legend(PROVEN))}
`
}

/** What a fault has to come to, and what proves that it hit. */
function faults(): string {
  const rows = FAULTS.map(({ name, sentence, precondition, fault }) => [
    code(name),
    sentence,
    precondition,
    fault!.how,
    fault!.expected === 'survived' ? 'survived' : `refused: ${code(fault!.expected)}; mended, survived`,
    fault!.shown,
  ])
  return table(
    ['fault', 'what happens', 'needs', 'how it is made', 'must be', 'what shows that it hit'],
    rows,
  )
}

const list = (names: readonly string[]): string => names.map(code).join(', ')

function anomalies(): string {
  const mutants = Object.values(MUTANTS) as readonly Mutant[]
  const rows = Object.entries(ANOMALY_MEANING).map(([name, meaning]) => [
    code(name),
    meaning,
    list(mutants.filter((m) => m.primary === name).map((m) => m.name)) || '–',
  ])
  return table(['anomaly', 'means', 'mutant that must show it'], rows)
}

const checks = (): string =>
  table(
    ['check', 'proves'],
    CHECKS.map((check) => [code(check.name), check.proves]),
  )

function mutants(): string {
  const rows = (Object.values(MUTANTS) as readonly Mutant[]).map((m) => [
    code(m.name),
    m.wrong,
    list([...m.points, ...(m.cells ?? []).map((c) => `${c.point}${c.mode === 'cold' ? ' cold' : ''}`)]),
    code(m.primary),
    list(m.allowed),
  ])
  return table(['mutant', 'what is wrong', 'killed at', 'must show', 'may show beside it'], rows)
}

const BLOCKS: Readonly<Record<string, () => string>> = { anomalies, checks, faults, mutants }

const BLOCK = /(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)/gs

function withBlocks(name: string, text: string): string {
  return text.replaceAll(BLOCK, (_all, open: string, block: string, close: string) => {
    const draw = BLOCKS[block]
    if (!draw) throw new Error(`${name}: there is no generated block "${block}"`)
    return `${open}\n${draw()}\n\n${close}`
  })
}

const anomaliesPage = (): string => `${NOTE}

# Anomalies

A finding names one of these, with its place: key, topic, offset, transaction, incarnation. How a verdict comes of them is in [design.md](../design.md#the-oracle).

${anomalies()}

## Checks

Each looks for one thing, in the raw logs and the files, and is told neither guarantee nor crash point.

${checks()}

## Mutants

The pipeline with one thing wrong. The oracle must find the anomaly under "must show"; whatever it finds beyond the last two columns is a finding too, and makes the run red.

${mutants()}
`

/** Every file with generated parts, by path from the root, as it should be. `read` gives it as it is. */
export async function docFiles(read: (name: string) => string): Promise<Record<string, string>> {
  const mixed = MIXED.map((name) => [name, withBlocks(name, read(name))] as const)
  return {
    'docs/errors.md': errors(),
    'docs/crash-points.md': crashPoints(),
    'docs/licences.md': licences(),
    ...(await referencePages(anomaliesPage())),
    ...Object.fromEntries(mixed),
  }
}

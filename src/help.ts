/**
 * The screen of `eoslab` alone and `eoslab --help`: commands by group, three examples, the broker's state.
 *
 * Promises: reads the command manifest of the build and nothing heavier; every command of the build appears
 * in exactly one group.
 * Does not: describe flags; `eoslab <command> --help` does.
 */
import { liveRecord, persistentDirectory } from './lab/broker/broker-record.ts'
import { programText } from './program/files.ts'

export interface Manifest {
  readonly commands: Readonly<Record<string, { summary?: string; description?: string; hidden?: boolean }>>
  readonly version?: string
}

/** First words of commands, in the order people meet them. What is not named falls into the last group. */
const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Prove it', ['crash-matrix', 'recover', 'report', 'run', 'check', 'freeze', 'explain']],
  ['Run the pipeline by hand', ['gen', 'opa', 'opb', 'snapshot']],
  ['The lab', ['broker', 'topics', 'doctor']],
  ['More', []],
]

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['eoslab crash-matrix --at mid-commit', 'kill both operators inside their commit, recover, judge'],
  ['eoslab recover --manifest latest', 'rebuild the state of the killed operator, phase by phase'],
  ['eoslab report > results/table.md', 'the newest verdicts and recovery times as Markdown'],
]

export function rootHelp(options: {
  manifest: Manifest
  stateDir: string
  brokers: string | undefined
}): string {
  const { manifest } = options
  const lines = [
    'eoslab proves or refutes exactly-once: it kills a Kafka pipeline at named points, lets it',
    'recover, judges what was committed, and measures what the recovery cost.',
    '',
  ]
  lines.push('USAGE', '  $ eoslab COMMAND [--json]    eoslab COMMAND --help tells more', '')
  lines.push('EXAMPLES', ...table(EXAMPLES.map(([line, text]) => [`$ ${line}`, text])), '')
  for (const [title, rows] of grouped(manifest)) lines.push(title.toUpperCase(), ...table(rows), '')
  lines.push(`BROKER\n  ${brokerLine(options.stateDir, options.brokers)}`, '')
  return lines.join('\n')
}

export function brokerLine(stateDir: string, given: string | undefined): string {
  if (given !== undefined && given !== '') return `${given} (EOSLAB_BROKERS)`
  const record = liveRecord(persistentDirectory(stateDir))
  if (record !== undefined) return `${record.brokers} (eoslab broker start, process ${record.pid})`
  return 'none running; experiments start their own, for the rest: eoslab broker start'
}

function grouped(manifest: Manifest): (readonly [string, (readonly [string, string])[]])[] {
  const rows = Object.entries(manifest.commands)
    .filter(([, command]) => command.hidden !== true)
    .map(
      ([id, command]) =>
        [id.replaceAll(':', ' '), firstLine(command.summary ?? command.description)] as const,
    )
  const named = new Set(GROUPS.flatMap(([, words]) => words))
  return GROUPS.map(([title, words]) => {
    const own = rows.filter(([id]) => (words.length > 0 ? words.includes(head(id)) : !named.has(head(id))))
    return [
      title,
      own.sort(([a], [b]) => words.indexOf(head(a)) - words.indexOf(head(b)) || a.localeCompare(b)),
    ] as const
  }).filter(([, own]) => own.length > 0)
}

/** Every command as it is typed, `broker start` among them. */
export const commandNames = (): string[] =>
  Object.keys(readManifest().commands).map((id) => id.replaceAll(':', ' '))

const head = (id: string): string => id.split(' ', 1)[0] ?? id

const firstLine = (text: string | undefined): string => text?.split('\n', 1)[0] ?? ''

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())
}

export const readManifest = (): Manifest =>
  JSON.parse(programText('oclif.manifest.json') ?? '{"commands":{}}') as Manifest

/**
 * docs/reference: commands, anomalies, measurements and contracts, written from the tables that the code runs on.
 *
 * Promises: a command, flag, anomaly, mutant, metric or schema that is new appears by `make docs`; one that is
 * gone does not stay. Does not: repeat crash points and errors, which have pages of their own.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from '@oclif/core/command'
import { METRIC_DEFINITIONS, type MetricDefinition } from '../core/metrics/definitions.ts'
import { CSV_COLUMNS } from '../core/report/csv-rows.ts'
import { METRIC_MEANING } from '../core/report/metrics.ts'
import { contractFiles } from './contract-files.ts'
import { codeWord, markdownTable, NOTE } from './doc-tables.ts'

const COMMANDS = path.resolve(import.meta.dirname, '../commands')

type Flag = Command.Flag.Any & {
  readonly helpValue?: string
  readonly options?: readonly string[]
  readonly multiple?: boolean
}

async function commands(): Promise<(readonly [string, typeof Command])[]> {
  const files = readdirSync(COMMANDS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .toSorted()
  const found: (readonly [string, typeof Command])[] = []
  for (const file of files) {
    const module = (await import(pathToFileURL(path.join(COMMANDS, file)).href)) as {
      default: typeof Command
    }
    found.push([file.replace(/\.ts$/, '').replaceAll('/', ' '), module.default])
  }
  return found.filter(([, command]) => !command.hidden)
}

const plain = (text: string | undefined, name = ''): string =>
  (text ?? '').replaceAll('<%= config.bin %>', 'eoslab').replaceAll('<%= command.id %>', name)

function flagRow([name, flag]: [string, Flag]): string[] {
  const value = flag.type === 'boolean' ? '' : ` ${flag.options?.join('|') ?? flag.helpValue ?? 'VALUE'}`
  const short = flag.char ? `-${flag.char}, ` : ''
  const fixed = typeof flag.default === 'string' ? ` (default: ${flag.default})` : ''
  return [
    codeWord(`${short}--${name}${value}`),
    `${plain(flag.summary ?? flag.description)}${fixed}${flag.multiple ? '; repeatable' : ''}`,
  ]
}

function commandText([name, command]: readonly [string, typeof Command]): string {
  const args = Object.entries(command.args ?? {}).map(([arg, { description = '' }]) => [
    codeWord(arg.toUpperCase()),
    plain(description),
  ])
  const own = Object.entries((command.flags ?? {}) as Record<string, Flag>).filter(([, flag]) => !flag.hidden)
  const rows = [...args, ...own.map(flagRow)]
  const examples = (command.examples ?? []).filter((each): each is string => typeof each === 'string')
  return [
    `## eoslab ${name}`,
    `${capital(plain(command.summary))}.`,
    ...(command.description ? [plain(command.description)] : []),
    ...(rows.length > 0 ? [markdownTable(['argument or flag', 'what it says'], rows)] : []),
    ...(examples.length > 0 ? [['```', ...examples.map((each) => plain(each, name)), '```'].join('\n')] : []),
  ].join('\n\n')
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

async function commandsPage(): Promise<string> {
  const all = await commands()
  const base = Object.entries((all[0]?.[1].baseFlags ?? {}) as Record<string, Flag>).map(flagRow)
  return `${NOTE}

# Commands

Data go to stdout, talk to stderr. Exit codes are in the [README](../../README.md#verdicts-and-exit-codes), every error in [errors.md](../errors.md). These flags are taken by all:

${markdownTable(['flag', 'what it says'], [...base, [codeWord('--json'), 'print one JSON document'], [codeWord('-h, --help'), 'explain the command']])}

${all.map(commandText).join('\n\n')}
`
}

const metricsPage = (): string => `${NOTE}

# Measurements

## Of a cell

By these names they stand in \`cells.csv\`, in \`verdict.json\`, in the tables of a report, and in \`expect: { max: { ... } }\` of an experiment. What was not measured is empty or \`null\`, never 0, and meets no threshold. Phases stand under \`phases\` in JSON.

${markdownTable(
  ['name', 'meaning'],
  Object.entries(METRIC_MEANING).map(([name, meaning]) => [codeWord(name), meaning]),
)}

Columns of \`cells.csv\`, in their order: ${CSV_COLUMNS.map(codeWord).join(', ')}.

## For Prometheus

In \`metrics.prom\` of every run, and live with \`--metrics-port\` on 127.0.0.1.

${markdownTable(
  ['name', 'type', 'labels', 'meaning'],
  Object.entries(METRIC_DEFINITIONS as Record<string, MetricDefinition>).map(([name, row]) => [
    codeWord(name),
    row.type,
    row.labels.map(codeWord).join(', '),
    row.help,
  ]),
)}
`

interface Schema {
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly description?: string }>>
  readonly required?: readonly string[]
}

function contractsPage(): string {
  const schemas = Object.entries(contractFiles())
    .filter(([name]) => name.endsWith('.schema.json'))
    .map(([name, text]) => [name, JSON.parse(text) as Schema] as const)
    .toSorted(([a], [b]) => a.localeCompare(b))
  const rows = schemas.map(([name, schema]) => {
    const fields = Object.keys(schema.properties ?? {})
    const needed = new Set(schema.required)
    return [
      `[${name}](../../contracts/${name})`,
      schema.description ?? schema.title ?? '',
      fields.map((field) => (needed.has(field) ? `**${field}**` : field)).join(', '),
    ]
  })
  return `${NOTE}

# Contracts

JSON Schemas, generated from the definitions that the code reads and writes with (\`npm run contracts\`). Those of records describe the values in the topics; what they mean, and the headers, is in [schema-v1.md](../../contracts/schema-v1.md). \`cli.schema.json\` has one document for each command's \`--json\`. Fields in bold are required. Samples of records lie in \`contracts/golden/\`.

${markdownTable(['schema', 'about', 'fields'], rows)}
`
}

/** Pages that need no more than the code. */
export const referencePages = async (anomalies: string): Promise<Record<string, string>> => ({
  'docs/reference/README.md': `${NOTE}

# Reference

Written from the code; a test fails when a page is stale.

- [Commands](commands.md): every command with its flags.
- [Crash points](../crash-points.md): where a pipeline is killed, and what proves it; [faults](../faults.md) beyond a kill.
- [Anomalies](anomalies.md): what can be found, the checks that find it, and the mutants that hold them.
- [Measurements](measurements.md): every number of a cell, and the metrics for Prometheus.
- [Contracts](contracts.md): the JSON Schemas of records, experiments and \`--json\`.
- [Errors](../errors.md): every code, its exit code, and whether the outcome is sure.
`,
  'docs/reference/commands.md': await commandsPage(),
  'docs/reference/anomalies.md': anomalies,
  'docs/reference/measurements.md': metricsPage(),
  'docs/reference/contracts.md': contractsPage(),
})

/**
 * What a shell may complete: commands, their flags, and the values that a flag or an argument takes.
 *
 * Promises: all of it comes from the command manifest, the crash points and the mutants, so a new command or
 * point completes without anybody thinking of it.
 * Does not: know a shell; each has a file beside this one.
 */
import { FAULTS } from '../../core/crash/faults.ts'
import { CRASH_POINTS } from '../../core/crash/points.ts'
import { MUTANT_NAMES } from '../../core/scenario/mutants.ts'
import { ownText, programNames } from '../../program/files.ts'

/** Fixed words, names from the disk, or something that only the user knows. */
export type Values = readonly string[] | 'file' | 'folder' | 'free'

export interface CompletedFlag {
  readonly name: string
  readonly char: string | undefined
  readonly summary: string
  /** Undefined for a flag without a value. */
  readonly values: Values | undefined
  readonly label: string
  readonly multiple: boolean
}

export interface CompletedCommand {
  /** As it is typed: `broker start`. */
  readonly name: string
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
  /** What its arguments are; undefined if it takes none. */
  readonly args: Values | undefined
}

export interface Model {
  readonly commands: readonly CompletedCommand[]
  /** First words that stand for several commands: broker, snapshot, topics. */
  readonly topics: readonly string[]
}

interface ManifestFlag {
  readonly name: string
  readonly char?: string
  readonly summary?: string
  readonly type: 'boolean' | 'option'
  readonly helpValue?: string
  readonly options?: readonly string[]
  readonly multiple?: boolean
  readonly allowNo?: boolean
}

interface ManifestCommand {
  readonly summary?: string
  readonly hidden?: boolean
  readonly flags: Readonly<Record<string, ManifestFlag>>
  readonly args: Readonly<Record<string, { readonly name: string; readonly options?: readonly string[] }>>
}

export function completionModel(): Model {
  const manifest = JSON.parse(ownText('oclif.manifest.json')) as {
    commands: Record<string, ManifestCommand>
  }
  const commands = Object.entries(manifest.commands)
    .filter(([, command]) => command.hidden !== true)
    .map(([id, command]) => ({
      name: id.replaceAll(':', ' '),
      summary: command.summary ?? '',
      flags: [...Object.values(command.flags).flatMap(flagsOf), HELP],
      args: argsOf(id, command),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
  const topics = commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ', 1)[0]!)
  return { commands, topics: [...new Set(topics)] }
}

const HELP: CompletedFlag = {
  name: 'help',
  char: 'h',
  summary: 'explain the command',
  values: undefined,
  label: '',
  multiple: false,
}

function flagsOf(flag: ManifestFlag): CompletedFlag[] {
  const { name, char, type, multiple = false, helpValue = '' } = flag
  const values = type === 'option' ? valuesOf(flag) : undefined
  const own = { name, char, summary: flag.summary ?? '', values, label: helpValue || name, multiple }
  if (flag.allowNo !== true) return [own]
  return [own, { ...own, name: `no-${name}`, char: undefined, summary: `not: ${own.summary}` }]
}

/** Flags that name something of ours, by their name; the rest by the word that their help shows. */
function valuesOf({ name, helpValue = '', options }: ManifestFlag): Values {
  if (options !== undefined) return options
  if (name === 'at') return [...pointNames(), ...shortForms()]
  if (name === 'crash-at') return CRASH_POINTS.map((point) => point.name)
  if (name === 'mutant') return MUTANT_NAMES
  if (name === 'manifest') return ['latest', 'none']
  if (helpValue === 'FILE') return 'file'
  return helpValue === 'DIR' ? 'folder' : 'free'
}

function argsOf(id: string, { args }: ManifestCommand): Values | undefined {
  const [first] = Object.values(args)
  if (first === undefined) return undefined
  if (first.options !== undefined) return first.options
  if (first.name === 'cell') return pointNames()
  if (id === 'run') return 'file'
  return first.name === 'results' || first.name === 'folder' ? 'folder' : 'free'
}

const pointNames = (): string[] => [...CRASH_POINTS, ...FAULTS].map(({ name }) => name)

/** `mid-commit`: a moment of a step that both operators have. */
function shortForms(): string[] {
  const names = new Set(pointNames())
  return [...names].flatMap((name) => {
    const [operator, step, moment, ...more] = name.split('.')
    const both = operator === 'opa' && moment !== undefined && more.length === 0
    return both && names.has(`opb.${step}.${moment}`) ? [`${moment}-${step}`] : []
  })
}

/** Experiments that come with eoslab, to be offered beside the files of the user. */
export const experimentNames = (): string[] => programNames('experiments')

/** The next words after a topic, or all first words. */
export function wordsAfter(model: Model, topic: string): { word: string; summary: string }[] {
  if (topic !== '') {
    return model.commands
      .filter(({ name }) => name.startsWith(`${topic} `))
      .map(({ name, summary }) => ({ word: name.slice(topic.length + 1), summary }))
  }
  const single = model.commands.filter(({ name }) => !name.includes(' '))
  const groups = model.topics.map((word) => ({
    word,
    summary: wordsAfter(model, word)
      .map((next) => next.word)
      .join(', '),
  }))
  return [...single.map(({ name, summary }) => ({ word: name, summary })), ...groups].toSorted((a, b) =>
    a.word.localeCompare(b.word),
  )
}

/** Text in single quotes; the same rule in bash and zsh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

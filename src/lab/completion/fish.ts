/** The completion script for fish 3 or later. */
import { experimentNames, wordsAfter, type CompletedFlag, type Model, type Values } from './model.ts'

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`

function taken(values: Values): string {
  if (values === 'file') return '-rF'
  if (values === 'folder') return "-xa '(__fish_complete_directories)'"
  return values === 'free' ? '-x' : `-xa ${quoted(values.join(' '))}`
}

const line = (condition: string, rest: string): string => `complete -c eoslab -n ${quoted(condition)} ${rest}`

function ofFlag(command: string, flag: CompletedFlag): string {
  const short = flag.char === undefined ? '' : ` -s ${flag.char}`
  const value = flag.values === undefined ? '' : ` ${taken(flag.values)}`
  return line(`__eoslab_in ${command}`, `-l ${flag.name}${short}${value} -d ${quoted(flag.summary)}`)
}

function ofArgs(command: string, values: Values): string[] {
  const own = values === 'file' ? '-F' : values === 'free' ? '' : taken(values).replace(/^-x/, '-')
  const lines = own === '' ? [] : [line(`__eoslab_in ${command}`, own)]
  if (command !== 'run') return lines
  return [
    ...lines,
    line('__eoslab_in run', `-a ${quoted(experimentNames().join(' '))} -d 'comes with eoslab'`),
  ]
}

export function fishCompletion(model: Model): string {
  const next = ['', ...model.topics].flatMap((topic) =>
    wordsAfter(model, topic).map(({ word, summary }) =>
      line(`__eoslab_just ${topic}`.trim(), `-a ${word} -d ${quoted(summary)}`),
    ),
  )
  const rest = model.commands.flatMap(({ name, flags, args }) => [
    ...flags.map((flag) => ofFlag(name, flag)),
    ...(args === undefined ? [] : ofArgs(name, args)),
  ])
  return `# fish completion of eoslab. Now: eoslab completion fish | source
# For good: eoslab completion fish > ~/.config/fish/completions/eoslab.fish
function __eoslab_in
    set -l typed (commandline -opc)[2..-1]
    set -l many (count $argv)
    test (count $typed) -ge $many; and test "$typed[1..$many]" = "$argv"
end
function __eoslab_just
    set -l typed (commandline -opc)[2..-1]
    test "$typed" = "$argv"
end
complete -c eoslab -f
${[...next, ...rest].join('\n')}
`
}

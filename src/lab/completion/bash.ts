/** The completion script for bash 4 or later; needs no bash-completion package. */
import { experimentNames, quoted, wordsAfter, type Model, type Values } from './model.ts'

const list = (words: readonly string[]): string => quoted(words.join(' '))

/** Shell code that fills COMPREPLY with values; free ones are left to the user. */
function offer(values: Values): string {
  if (values === 'file') return 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))'
  if (values === 'folder') return 'compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur"))'
  if (values === 'free') return ':'
  return `COMPREPLY=($(compgen -W ${list(values)} -- "$cur"))`
}

export function bashCompletion(model: Model): string {
  const { commands, topics } = model
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap((flag) =>
      flag.values === undefined
        ? []
        : [`    ${quoted(`${name} --${flag.name}`)}) ${offer(flag.values)}; return ;;`],
    ),
  )
  const flags = commands.map(
    (command) =>
      `    ${quoted(command.name)}) words=${list(command.flags.map(({ name }) => `--${name}`))} ;;`,
  )
  const next = ['', ...topics].map(
    (topic) =>
      `    ${quoted(topic)}) COMPREPLY=($(compgen -W ${list(wordsAfter(model, topic).map(({ word }) => word))} -- "$cur")) ;;`,
  )
  const args = commands.flatMap(({ name, args: own }) => {
    if (own === undefined) return []
    const mine = name === 'run' ? `; COMPREPLY+=($(compgen -W ${list(experimentNames())} -- "$cur"))` : ''
    return [`    ${quoted(name)}) ${offer(own)}${mine} ;;`]
  })
  const known = [...topics, ...commands.map(({ name }) => name)].map(quoted).join('|')
  return `# bash completion of eoslab. Now: source <(eoslab completion bash)
# For good: eoslab completion bash > ~/.local/share/bash-completion/completions/eoslab
_eoslab() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' next words='' i
  COMPREPLY=()
  # bash takes --flag=value apart at the sign.
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    next=\${command:+$command }\${COMP_WORDS[i]}
    case $next in
      ${known}) command=$next ;;
      *) break ;;
    esac
  done
  case "$command $prev" in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${flags.join('\n')}
    *) words='--help --version' ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  case $command in
${[...next, ...args].join('\n')}
  esac
}
complete -F _eoslab eoslab
`
}

/** The completion script for zsh, on its own completion system (compinit). */
import { experimentNames, quoted, wordsAfter, type CompletedFlag, type Model, type Values } from './model.ts'

/** Brackets and colons part the fields of a specification. */
const plain = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`)

function action(values: Values): string {
  if (values === 'file') return '_files'
  if (values === 'folder') return '_files -/'
  return values === 'free' ? ' ' : `(${values.join(' ')})`
}

function specification(flag: CompletedFlag): string {
  const value = flag.values === undefined ? '' : `:${plain(flag.label)}:${action(flag.values)}`
  const rest = `[${plain(flag.summary)}]${value}`
  const equals = flag.values === undefined ? '' : '='
  const many = flag.multiple ? '*' : ''
  const long = quoted(`${many}--${flag.name}${equals}${rest}`)
  if (flag.char === undefined) return long
  return `${quoted(`(--${flag.name})-${flag.char}${rest}`)} ${quoted(`(-${flag.char})--${flag.name}${equals}${rest}`)}`
}

function rest(name: string, args: Values): string {
  if (name !== 'run') return quoted(`*: :${action(args)}`)
  return quoted('*: :{ _files; compadd -- ' + experimentNames().join(' ') + ' }')
}

export function zshCompletion(model: Model): string {
  const { commands, topics } = model
  const known = [...topics, ...commands.map(({ name }) => name)].map(quoted).join('|')
  const next = ['', ...topics].map((topic) => {
    const rows = wordsAfter(model, topic).map(({ word, summary }) => quoted(`${word}:${plain(summary)}`))
    return `    (${quoted(topic)})\n      candidates=(${rows.join(' ')})\n      _describe -t commands command candidates ;;`
  })
  const flags = commands.map(({ name, flags: own, args }) => {
    const all = [...own.map(specification), ...(args === undefined ? [] : [rest(name, args)])]
    return `    (${quoted(name)})\n      _arguments -s ${all.join(' \\\n        ')} ;;`
  })
  return `#compdef eoslab
# zsh completion of eoslab. Now: source <(eoslab completion zsh)
# For good: eoslab completion zsh > _eoslab, in a folder of your fpath.
_eoslab() {
  local command='' next
  local -a candidates
  integer i=2
  while (( i < CURRENT )); do
    next=\${command:+$command }$words[i]
    case $next in
      (${known}) command=$next ;;
      (*) break ;;
    esac
    (( i++ ))
  done
  words=(eoslab "\${(@)words[i,-1]}")
  (( CURRENT -= i - 2 ))
  case $command in
${[...next, ...flags].join('\n')}
  esac
}
if [[ $funcstack[1] == _eoslab ]]; then _eoslab "$@"; else compdef _eoslab eoslab; fi
`
}

import type { Command } from 'commander'
import { type Node, nodesOf } from './tree.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** A script that completes commands, options and the names of files, made of the tree of commands. It starts no Node at a key stroke. */
export function completionScript(shell: Shell, program: Command): string {
  const nodes = nodesOf(program)
  return { bash, zsh, fish }[shell](nodes)
}

const names = ({ commands, options }: Node): string =>
  [...commands.map(({ name }) => name), ...options.map(({ long }) => long)].join(' ')
const pathOf = ({ path }: Node): string => path.join(' ')

/** Walks the words before the cursor to the deepest command; `known` holds every path. */
function bash(nodes: readonly Node[]): string {
  const files = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value === 'file').map(({ long }) => long)),
  )
  const others = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value === 'other').map(({ long }) => long)),
  )
  return `# bash completion of countersign
_countersign() {
  local word path='' next words='' index
  COMPREPLY=()
  word="\${COMP_WORDS[COMP_CWORD]}"
  for ((index = 1; index < COMP_CWORD; index++)); do
    next="\${path:+$path }\${COMP_WORDS[index]}"
    case "$next" in
${nodes
  .filter(({ path }) => path.length > 0)
  .map((node) => `      '${pathOf(node)}') path="$next" ;;\n`)
  .join('')}    esac
  done
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${[...files].join('|')}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return ;;
    ${[...others].join('|')}) return ;;
  esac
  case "$path" in
${nodes.map((node) => `    '${pathOf(node)}') words='${names(node)}' ;;\n`).join('')}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ \${#COMPREPLY[@]} -eq 0 && "$word" != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -F _countersign countersign
`
}

function zsh(nodes: readonly Node[]): string {
  const text = (summary: string) => summary.replaceAll("'", "'\\''").replaceAll(':', '\\:')
  const offers = ({ commands, options }: Node) =>
    [
      ...commands.map(({ name, summary }) => `'${name}:${text(summary)}'`),
      ...options.map(({ long, summary }) => `'${long}:${text(summary)}'`),
    ].join(' ')
  const files = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value === 'file').map(({ long }) => long)),
  )
  const others = new Set(
    nodes.flatMap(({ options }) => options.filter(({ value }) => value === 'other').map(({ long }) => long)),
  )
  return `#compdef countersign
_countersign() {
  local path_so_far='' next word
  local -a offers
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path_so_far:+$path_so_far }$word"
    case "$next" in
${nodes
  .filter(({ path }) => path.length > 0)
  .map((node) => `      '${pathOf(node)}') path_so_far="$next" ;;\n`)
  .join('')}    esac
  done
  case "\${words[CURRENT-1]}" in
    ${[...files].join('|')}) _files; return ;;
    ${[...others].join('|')}) return ;;
  esac
  case "$path_so_far" in
${nodes.map((node) => `    '${pathOf(node)}') offers=(${offers(node)}) ;;\n`).join('')}  esac
  _describe 'countersign' offers || _files
}
if [ "$funcstack[1]" = '_countersign' ]; then _countersign "$@"; else compdef _countersign countersign; fi
`
}

function fish(nodes: readonly Node[]): string {
  const text = (summary: string) => `'${summary.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = nodes.flatMap((node) => {
    const at = `-n '__countersign_at ${node.path.length === 0 ? '""' : `"${pathOf(node)}"`}'`
    return [
      ...node.commands.map(({ name, summary }) => `complete -c countersign -f ${at} -a ${name} -d ${text(summary)}`),
      ...node.options.map(({ long, summary, value }) => {
        const takes = { none: '', file: ' -r -F', other: ' -x' }[value]
        return `complete -c countersign ${at} -l ${long.slice(2)}${takes} -d ${text(summary)}`
      }),
    ]
  })
  const paths = nodes.filter(({ path }) => path.length > 0).map((node) => `"${pathOf(node)}"`)
  return `# fish completion of countersign
function __countersign_at
  set -l so_far ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$so_far $word")
    if contains -- "$next" ${paths.join(' ')}
      set so_far $next
    end
  end
  test "$so_far" = "$argv[1]"
end
${lines.join('\n')}
`
}

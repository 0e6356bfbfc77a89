import type { Command } from 'commander'

/** A command as a shell sees it. */
export interface Node {
  /** The names of the commands on the way to it, its own last, without the program's. */
  readonly path: readonly string[]
  /** Its commands, or the values of its argument. */
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly Option[]
}

export interface Option {
  readonly long: string
  readonly summary: string
  readonly value: 'none' | 'file' | 'other'
}

/** The tree of commands, laid flat, the program first. */
export function nodesOf(program: Command): readonly Node[] {
  return nodesBelow(program, [])
}

function nodesBelow(command: Command, path: readonly string[]): readonly Node[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command).map((child) => ({ name: child.name(), summary: child.description() }))
  const options = help.visibleOptions(command).flatMap(({ long, description, required, flags }): Option[] => {
    if (typeof long !== 'string') return []
    return [{ long, summary: description, value: !required ? 'none' : flags.includes('<file>') ? 'file' : 'other' }]
  })
  const values = command.registeredArguments.flatMap(({ argChoices = [] }) =>
    argChoices.map((name) => ({ name, summary: '' })),
  )
  return [
    { path, commands: [...commands, ...values], options },
    ...command.commands.flatMap((child) => nodesBelow(child, [...path, child.name()])),
  ]
}

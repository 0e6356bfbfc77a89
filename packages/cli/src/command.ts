import { Argument, Command } from 'commander'
import type { ExitCode, Io } from './io.js'

/** One command: how it is called and what it does. */
export interface Leaf<Args> {
  readonly name: string
  /** As in `<id>`, `[file]`. */
  readonly parameter?: readonly [name: string, description: string]
  /** The values that the parameter may have, for completion. */
  readonly choices?: readonly string[]
  readonly summary: string
  /** Shown by `--help`. */
  readonly examples: readonly string[]
  /** Declares the options; `Args` has them in camel case, and the parameter. */
  declare(command: Command): void
  run(args: Args, io: Io): Promise<ExitCode>
}

/** Takes what the chosen command does. */
export type Settle = (work: (io: Io) => Promise<ExitCode>) => Promise<void>

export function addLeaf<Args extends object>(parent: Command, leaf: Leaf<Args>, settle: Settle): void {
  const command = new Command(leaf.name).description(leaf.summary).copyInheritedSettings(parent)
  if (leaf.parameter !== undefined) {
    const argument = new Argument(...leaf.parameter)
    if (leaf.choices !== undefined) argument.argChoices = [...leaf.choices]
    command.addArgument(argument)
  }
  leaf.declare(command)
  command.option('--json', 'print JSON, for machines')
  command.addHelpText('after', `\nExamples:\n${leaf.examples.map((line) => `  ${line}\n`).join('')}`)
  command.action(() => {
    const parameter = command.registeredArguments[0]?.name()
    const named = parameter === undefined || command.args[0] === undefined ? {} : { [parameter]: command.args[0] }
    // What commander parsed is what `declare` declared beside `Args`.
    const args = { ...command.opts(), ...named } as Args
    return settle((io) => leaf.run(args, io))
  })
  parent.addCommand(command)
}

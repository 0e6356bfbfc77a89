import type { Command, CommanderError } from 'commander'
import { UsageError } from './errors.js'

/** What commander says of a command line, without the values that it repeats. */
export function usageError({ code, message }: CommanderError, program: Command, args: readonly string[]): UsageError {
  return new UsageError(problem(code, message), `${suggestion(message)}See ${deepest(program, args)} --help.`)
}

function problem(code: string, message: string): string {
  const option = /'(--[a-z-]+)(?=[' =])/.exec(message)?.[1]
  const argument = /'([a-z-]+)'/.exec(message)?.[1]
  switch (code) {
    case 'commander.unknownOption':
      // What is behind the equals sign of an unknown option is not repeated, nor what does not look like a name.
      return `There is no option ${option ?? 'of that name'}`
    case 'commander.unknownCommand':
      return 'There is no command of that name'
    case 'commander.help':
      return 'A command is needed'
    case 'commander.optionMissingArgument':
      return `${option} needs a value`
    case 'commander.missingMandatoryOptionValue':
      return `${option} is required`
    case 'commander.missingArgument':
      return `<${argument}> is required`
    case 'commander.excessArguments':
      return 'There are too many arguments'
    default:
      return 'The command line cannot be read'
  }
}

/** Names of commands and options that are there: commander's guess at what was meant. */
function suggestion(message: string): string {
  const guess = /\((Did you mean [^)]*\?)\)/.exec(message)?.[1]
  return guess === undefined ? '' : `${guess} `
}

function deepest(program: Command, args: readonly string[]): string {
  const names = [program.name()]
  let command = program
  for (const argument of args) {
    const next = command.commands.find((candidate) => candidate.name() === argument)
    if (next === undefined) break
    names.push(next.name())
    command = next
  }
  return names.join(' ')
}

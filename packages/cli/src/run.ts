import { ConfigurationError } from '@countersign/core'
import { type Command, CommanderError } from 'commander'
import { refuseSecrets } from './argv-guard.js'
import { CliError, FailedError, UsageError } from './errors.js'
import type { ExitCode, Io } from './io.js'
import { buildProgram } from './program.js'
import { painterFor } from './style.js'
import { usageError } from './usage.js'

/**
 * Runs one command line.
 *
 * @param args - without the names of Node and the program
 * @returns 0 done or accepted, 1 failed or refused, 2 wrong usage. Never rejects: whatever goes wrong is told on `stderr`, without a stack.
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = buildProgram(io, async (work) => {
    code = await work(io)
  })
  try {
    refuseSecrets(args)
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    return tell(toCliError(error, program, args), args.includes('--json'), io)
  }
}

function toCliError(error: unknown, program: Command, args: readonly string[]): CliError {
  if (error instanceof CliError) return error
  if (error instanceof CommanderError) return usageError(error, program, args)
  if (error instanceof ConfigurationError) return new UsageError(error.message, 'Change it, or see --help.')
  // Its text may hold anything.
  const name = error instanceof Error ? error.name : typeof error
  return new FailedError(`Something unexpected happened (${name})`, 'Please report the command, without any secret.')
}

function tell({ message, next, exitCode }: CliError, isJson: boolean, io: Io): ExitCode {
  if (isJson) {
    io.stderr.write(`${JSON.stringify({ error: { kind: exitCode === 2 ? 'usage' : 'failed', message, next } })}\n`)
  } else {
    io.stderr.write(`${painterFor(io.stderr, io.env)('red', 'countersign:')} ${message}.\n  ${next}\n`)
  }
  return exitCode
}

/**
 * Why a command stops, and what to do now. No message repeats what stood on the command line, in the environment or in a file: any of it may
 * be a secret in the wrong place. Names of options are told, names of keys where they were found in a key file.
 */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  readonly exitCode: 1 | 2 = 1
  /** One sentence: what helps. */
  readonly next: string

  constructor(message: string, next: string) {
    super(message)
    this.next = next
  }
}

/** The command line is wrong. */
export class UsageError extends CliError {
  override readonly name = 'UsageError'
  override readonly exitCode = 2
}

/** The command line is right, and yet it cannot be done. */
export class FailedError extends CliError {
  override readonly name = 'FailedError'
}

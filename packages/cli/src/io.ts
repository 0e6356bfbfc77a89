import { buffer } from 'node:stream/consumers'
import { type Clock, systemClock } from '@countersign/core'

/** Where text goes. */
export interface Output {
  /** Whether somebody reads it on a terminal: only then it has colours. */
  readonly isTty: boolean
  write(text: string): void
}

/** All that a command knows of the world: tests give another one. */
export interface Io {
  /** Read whole, at most once. */
  readonly stdin: { readonly isTty: boolean; read(): Promise<Buffer> }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** What file names are relative to. */
  readonly cwd: string
}

/** What a command comes to: 0 done or accepted, 1 failed or refused, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

/** The world of the process. */
export function processIo(): Io {
  return {
    stdin: { isTty: process.stdin.isTTY === true, read: () => buffer(process.stdin) },
    stdout: { isTty: process.stdout.isTTY === true, write: (text) => void process.stdout.write(text) },
    stderr: { isTty: process.stderr.isTTY === true, write: (text) => void process.stderr.write(text) },
    env: process.env,
    clock: systemClock,
    cwd: process.cwd(),
  }
}

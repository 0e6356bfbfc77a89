import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface CommandOptions {
  readonly seconds: number
  readonly environment?: NodeJS.ProcessEnv
  /** Ends the command early. */
  readonly signal?: AbortSignal
}

export interface CommandResult {
  /** `null` where it was ended early, or never began. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command without a shell. Never rejects: what cannot be started, or takes too long, has no exit code. */
export async function run(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [file = '', ...args] = command
  const { seconds, environment, signal } = options
  const limits = [AbortSignal.timeout(seconds * 1000), ...(signal === undefined ? [] : [signal])]
  const child = spawn(file, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any(limits),
  })
  let failure = ''
  child.on('error', (error) => {
    failure = `${error.name}: ${error.message}`
  })
  // `once` of node:events would reject where there is an error.
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code: failure === '' ? code : null, stdout, stderr: stderr + failure }
}

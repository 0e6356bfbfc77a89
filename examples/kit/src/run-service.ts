import { openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { LogDestination } from './log-destination.js'

/** A service that listens. */
export interface Service {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** Is not ready from now on, and serves as before. */
  leave(): void
  /** Takes no further request; resolves when those under way are answered and stores are closed. */
  close(): Promise<void>
}

export interface RunOptions {
  /** How long a service that is not ready any more still serves, for balancers to learn of it. Default 1. */
  readonly leaveSeconds?: number
  /** How long all of it may take. Default 9: docker and its like kill after 10. */
  readonly deadlineSeconds?: number
}

const LAST_LINES_SECONDS = 0.5

/**
 * Runs a service until SIGTERM or SIGINT, then lets it leave, closes it, writes the last lines of its log and exits with 0; with 1 where that
 * took too long or failed. A second signal does not wait. What prevents the start is one line on stderr and exit code 1.
 */
export async function runService(
  name: string,
  start: (log: Logger) => Promise<Service>,
  { leaveSeconds = 1, deadlineSeconds = 9 }: RunOptions = {},
): Promise<void> {
  const destinations = openLogs(process.env['LOG_FILE'])
  const exit = async (code: number): Promise<void> => {
    await Promise.all(destinations.map((destination) => destination.close(LAST_LINES_SECONDS)))
    process.exit(code)
  }
  const fail = (error: unknown): Promise<void> => {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    return exit(1)
  }
  process.once('uncaughtException', (error) => {
    console.error(error)
    void exit(1)
  })

  const stop = async (service: Service): Promise<void> => {
    setTimeout(() => fail(new Error(`not closed within ${deadlineSeconds} s`)), deadlineSeconds * 1000)
    service.leave()
    await sleep(leaveSeconds * 1000)
    await service.close().then(() => exit(0), fail)
  }
  try {
    const service = await start(pino({ name }, pino.multistream(destinations.map((stream) => ({ stream })))))
    process.once('SIGTERM', () => stop(service))
    process.once('SIGINT', () => stop(service))
  } catch (error) {
    await fail(error)
  }
}

/** Standard output and, where one is named, a file. */
function openLogs(file: string | undefined): readonly LogDestination[] {
  return [new LogDestination(), ...(file === undefined ? [] : [new LogDestination(openSync(file, 'a'))])]
}

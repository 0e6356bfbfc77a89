/** A service that listens. */
export interface Service {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** Takes no further connection; resolves when the requests under way are answered. */
  close(): Promise<void>
}

/**
 * Runs a service until SIGTERM or SIGINT, then closes it; a second signal does not wait. What prevents the start is one line on stderr
 * and exit code 1.
 */
export async function runService(name: string, start: () => Promise<Service>): Promise<void> {
  const fail = (error: unknown): void => {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
  try {
    const service = await start()
    const stop = (): void => {
      service.close().then(() => process.exit(0), fail)
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  } catch (error) {
    fail(error)
  }
}

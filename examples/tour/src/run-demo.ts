import { startServices } from './services.js'
import { tryIt } from './try-it.js'
import { report, type WalkAloudOptions, walkAloud } from './walk-aloud.js'

export interface DemoOptions extends WalkAloudOptions {
  /** Stop after the walk; otherwise the services stay up until `signal` aborts. */
  readonly once: boolean
}

/**
 * Starts the services, walks the tour, prints what came of it. Resolves with the exit code: 0 where every row is as expected, else 1.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { once, print, signal } = options
  print('starting gateway, orders and inventory: free ports, memory stores, keys made for this run')
  const services = await startServices()
  try {
    print(`gateway (Fastify) ${services.urls.gateway}, orders (Express) ${services.urls.orders},`)
    print(`inventory (Fastify) ${services.urls.inventory}\n`)
    const exitCode = report(await walkAloud(services, options), services, options)
    if (once || signal?.aborted === true) return exitCode
    print('\nThe services stay up; Ctrl-C stops them. Their audit records follow. Try, in another terminal:\n')
    print(tryIt(services))
    services.follow((line) => print(line.trimEnd()))
    await aborted(signal)
    return exitCode
  } finally {
    await services.close()
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}

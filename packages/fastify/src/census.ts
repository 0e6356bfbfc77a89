import { ConfigurationError } from '@countersign/core'
import type { FastifyInstance } from 'fastify'

/** A line of a route: its methods last, or its constraints behind them. */
const ROUTE = /\([A-Z][A-Z, -]*\)(?: \{.*\})?$/

/**
 * Looks through all routes of the server for one that does not run `hookName` first.
 *
 * @throws {ConfigurationError} naming such routes: the plugin was registered in a scope that does not hold them
 */
export function checkCoverage(app: FastifyInstance, hookName: string): void {
  const lines = app.printRoutes({ includeHooks: true, commonPrefix: false }).split('\n')
  const open: string[] = []
  let route: string | undefined
  let covered = false
  for (const line of [...lines, 'end (END)']) {
    if (ROUTE.test(line)) {
      if (route !== undefined && !covered) open.push(route)
      route = line.replace(/^[│├└─\s]+/, '')
      covered = false
    } else if (line.includes('(onRequest)') && line.includes(`"${hookName}()"`)) covered = true
  }
  if (open.length > 0) {
    throw new ConfigurationError(
      'encapsulate',
      `is not set, but these routes lie outside the scope of the plugin and are unprotected: ${open.join('; ')}`,
    )
  }
}

import { withinSeconds } from '@countersign/core/stores'
import type { RedisDriver } from './client.js'
import { failureOf, RedisStoreError } from './failure.js'
import type { Reporter } from './reporter.js'

const SECONDS = 5

/**
 * Looks once whether Redis may throw away what it was told to keep: an id that was evicted lets its request in again. Returns whether that was
 * found out, or never can be. In a cluster one node is asked.
 */
export async function checkEviction(driver: RedisDriver, reporter: Reporter): Promise<boolean> {
  try {
    const asked = driver.send(undefined, ['CONFIG', 'GET', 'maxmemory-policy'])
    const policy = policyIn(await withinSeconds(asked, SECONDS, () => new RedisStoreError('timeout')))
    if (policy === undefined) sayUnknown(reporter)
    else if (policy !== 'noeviction') {
      reporter.say(
        'warn',
        { event: 'store.eviction', v: 1, policy },
        `Redis may evict what must be remembered: its maxmemory-policy is ${policy}, it should be noeviction`,
      )
    }
    return true
  } catch (error) {
    if (!['noperm', 'error_reply'].includes(failureOf(error))) return false
    sayUnknown(reporter)
    return true
  }
}

function sayUnknown(reporter: Reporter): void {
  reporter.say(
    'info',
    { event: 'store.eviction', v: 1 },
    'Redis does not tell its maxmemory-policy: it should be noeviction',
  )
}

/** A list of name and value, a map or an object, by protocol and client. */
function policyIn(reply: unknown): string | undefined {
  const values: unknown[] =
    reply instanceof Map ? [...reply.values()] : typeof reply === 'object' && reply !== null ? Object.values(reply) : []
  const value = values.at(-1)
  // From a fixed set of Redis: nothing else is written to a log.
  return typeof value === 'string' && /^(?:noeviction|(?:allkeys|volatile)-[a-z]{3,9})$/.test(value) ? value : undefined
}

import { redisConnection, redisRevocation } from '@countersign/redis'
import { redisRefreshStore } from '@countersign/redis/refresh'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { GatewayOptions } from './options.js'

/** What several gateways share over Redis: failures, sessions, and what was revoked. Without it each has its own. */
export function sharedOverRedis(
  redis: Redis | undefined,
  log: Logger,
): Pick<GatewayOptions, 'redis' | 'refreshStore' | 'revocation'> {
  if (redis === undefined) {
    log.info('REDIS_URL is not set: sessions and failed logins are remembered in this process only')
    return {}
  }
  const connection = redisConnection({ client: redis, prefix: 'gateway', log })
  return { redis, refreshStore: redisRefreshStore(connection), revocation: redisRevocation(connection) }
}

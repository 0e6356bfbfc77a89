import { createVerifier, hmac, keyRing } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { redisConnection, redisReplayStore } from '@countersign/redis'
import { Front, healthReport, portSetting, runService, settings } from '@countersign-example/kit'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

/*
 * A service that remembers nonces in Redis, as small as can be, run as the example services are. Its store is closed with QUIT, which waits for
 * an answer: for faults of a store that hangs.
 */

await runService('stock', async (log) => {
  const { ORDERS_SECRET, REDIS_PORT } = settings(['ORDERS_SECRET', 'REDIS_PORT'])
  const redis = new Redis(Number(REDIS_PORT), '127.0.0.1', { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  const store = redisReplayStore(redisConnection({ client: redis, log }))
  const verifier = createVerifier({
    audience: 'inventory',
    schemes: [
      hmac({
        keys: keyRing([{ id: 'orders-1', client: 'orders', secret: ORDERS_SECRET }]),
        replay: {
          claim: (id, expiresAt, now) => store.claim(id, expiresAt, now),
          ready: (now) => store.ready?.(now) ?? false,
          close: async () => void (await redis.quit()),
        },
      }),
    ],
    audit: log,
  })
  const app = Fastify({ loggerInstance: log })
  const front = new Front(app.server, log)
  await app.register(countersign, { verifier })
  app.get('/health', { config: { auth: 'public' } }, async (_request, reply) => {
    const { status, body } = await healthReport(verifier, front)
    return reply.code(status).send(body)
  })
  app.get('/stock', () => ({ tea: 1000 }))
  const url = await app.listen({ port: portSetting(0), host: '127.0.0.1' })
  return {
    url,
    leave: front.leave,
    async close() {
      await front.close(() => app.close())
      await verifier.close()
    },
  }
})

import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultBench } from './bench.js'
import { BLOCKED, blockUnderLoad } from './blocked-loop.js'
import { statusesOf } from './load.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { FaultRow } from './row.js'
import { freePort, monotonicMilliseconds, type ServiceProcess } from './service.js'

const PER_SECOND = 50

/** Starts Redis and a service on it for `use`, and ends both after. */
async function withStore(
  { withService }: FaultBench,
  imports: readonly string[],
  use: (service: ServiceProcess, pause: () => void) => Promise<FaultRow>,
): Promise<FaultRow> {
  const port = await freePort()
  const redis = await startRedis(port)
  const main = new URL('store-service.js', import.meta.url)
  try {
    const environment = { REDIS_PORT: String(port) }
    return await withService('inventory', { main, environment, imports }, (service) => use(service, redis.pause))
  } finally {
    await redis.stop()
  }
}

const notRun = (id: string, fault: string, asked: string): FaultRow => {
  return { id, fault, injected: 'nothing', asked, measured: 'not run: there is no redis-server', held: undefined }
}

/** R16: SIGTERM while the store of nonces hangs. */
export async function drainWithHangingStore(bench: FaultBench): Promise<FaultRow> {
  const { settings, load } = bench
  const [fault, asked] = ['SIGTERM while Redis hangs (Fastify)', 'no allowance, exit within 10 s']
  if (!hasRedis) return notRun('R16', fault, asked)
  return withStore(bench, [], async (service, pause) => {
    const warm = await load.run(service, { connections: 8, perSecond: PER_SECOND, seconds: settings.seconds })
    pause()
    const running = load.run(service, {
      connections: 32,
      perSecond: PER_SECOND,
      seconds: settings.seconds + 10,
      watchHealth: false,
    })
    await sleep(settings.seconds * 1000)
    const sentAt = monotonicMilliseconds()
    service.child.kill('SIGTERM')
    const [{ code, at }, result] = await Promise.all([service.ended, running])
    const seconds = (at - sentAt) / 1000
    return {
      id: 'R16',
      fault,
      injected: `SIGSTOP of redis-server, ${PER_SECOND} requests/s, then SIGTERM; the store is closed with QUIT`,
      asked,
      measured: `before ${statusesOf(warm)}; hanging ${statusesOf(result)}; code ${code} after ${seconds.toFixed(1)} s`,
      held: seconds <= 10 && (result.statuses['200'] ?? 0) === 0 && (warm.statuses['200'] ?? 0) > 0,
    }
  })
}

/** R20: the application keeps the event loop busy while Redis is asked: its answers lie there when the loop is free again. */
export async function blockedLoopWithStore(bench: FaultBench): Promise<FaultRow> {
  const [fault, asked] = ['event loop blocked, nonces in Redis (Fastify)', BLOCKED.asked]
  if (!hasRedis) return notRun('R20', fault, asked)
  return withStore(bench, BLOCKED.imports, async (service) => {
    const injected = `${BLOCKED.injected}; Redis is waited for 250 ms`
    return { id: 'R20', fault, injected, asked, ...(await blockUnderLoad(bench, service)) }
  })
}

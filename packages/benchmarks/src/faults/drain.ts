import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultBench } from './bench.js'
import { statusesOf } from './load.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, monotonicMilliseconds, type ServiceName } from './service.js'

const PER_SECOND: Readonly<Record<ServiceName, number>> = { orders: 200, inventory: 500 }

/** R15: SIGTERM in the middle of load. */
export async function drainUnderLoad(
  { settings, load, withService }: FaultBench,
  name: ServiceName,
): Promise<FaultRow> {
  return withService(name, {}, async (service) => {
    // Machine code first: a process that has just begun gets little done.
    await load.run(service, { connections: 8, seconds: settings.seconds / 2 })
    const before = await service.count(({ outcome }) => outcome === 'allow')
    const running = load.run(service, {
      connections: 32,
      perSecond: PER_SECOND[name],
      seconds: settings.seconds + 10,
      watchHealth: true,
    })
    await sleep(settings.seconds * 1000)
    const sentAt = monotonicMilliseconds()
    service.child.kill('SIGTERM')
    const [{ code, at }, result] = await Promise.all([service.ended, running])
    const allowed = (await service.count(({ outcome }) => outcome === 'allow')) - before
    const lost = (result.statuses['200'] ?? 0) - allowed
    const notReady = result.notReadyAt === null ? Number.NaN : result.notReadyAt - sentAt
    return {
      id: 'R15',
      fault: `SIGTERM under load, ${name} (${FRAMEWORKS[name]})`,
      injected: `SIGTERM at ${PER_SECOND[name]} requests/s on 32 connections; who sends stops opening connections when /health is not 200`,
      asked: 'not ready first, 0 resets, 0 lost audit lines, exit code 0 within 10 s',
      measured: `not ready after ${notReady} ms; ${statusesOf(result)}; ${result.resets} resets, ${lost} audit lines lost; code ${code} after ${seconds(at - sentAt)} s`,
      held: notReady < at - sentAt && result.resets === 0 && lost === 0 && code === 0 && at - sentAt <= 10_000,
    }
  })
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1)
}

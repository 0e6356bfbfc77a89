import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultBench } from './bench.js'
import { answered, statusesOf } from './load.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName, type ServiceProcess } from './service.js'

const PER_SECOND = 50
const CONNECTIONS = 200

export const BLOCKED: Pick<FaultRow, 'injected' | 'asked'> & { readonly imports: readonly string[] } = {
  /** What a service has to import, to be blocked from outside. */
  imports: [new URL('block-on-signal.js', import.meta.url).href],
  injected: `a busy loop of 2 s at ${PER_SECOND} requests/s, ${CONNECTIONS} connections`,
  asked: 'under 1 % denied after release',
}

/** R20: the application keeps the event loop busy for two seconds while requests come in. */
export function blockedLoop(bench: FaultBench, name: ServiceName): Promise<FaultRow> {
  const { imports, injected, asked } = BLOCKED
  return bench.withService(name, { imports }, async (service) => {
    const fault = `event loop blocked, ${name} (${FRAMEWORKS[name]})`
    return { id: 'R20', fault, injected, asked, ...(await blockUnderLoad(bench, service)) }
  })
}

export async function blockUnderLoad(
  { settings, load }: FaultBench,
  service: ServiceProcess,
): Promise<Pick<FaultRow, 'measured' | 'held'>> {
  await load.run(service, { connections: 8, seconds: settings.seconds })
  const before = await service.count(({ outcome }) => outcome !== 'allow')
  const task = { connections: CONNECTIONS, perSecond: PER_SECOND, seconds: settings.seconds / 2 + 4 }
  const running = load.run(service, task)
  await sleep(settings.seconds * 250)
  service.child.kill('SIGUSR2')
  const result = await running
  const denied = ((await service.count(({ outcome }) => outcome !== 'allow')) - before) / answered(result)
  const shed = (result.statuses['503'] ?? 0) / answered(result) - denied
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`
  // Where nothing waited, nothing was blocked.
  const isSound = denied < 0.01 && result.resets === 0 && result.max > 1500
  return {
    measured: `${statusesOf(result)}: ${percent(denied)} denied, ${percent(shed)} shed unverified, ${result.resets} resets; longest answer ${(result.max / 1000).toFixed(1)} s`,
    // Shed for want of processor time: this machine gave the service less than it was asked for.
    held: isSound && shed >= 0.01 ? undefined : isSound,
  }
}

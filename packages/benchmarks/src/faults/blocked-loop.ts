import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultBench } from './bench.js'
import { answered, statusesOf } from './load.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName } from './service.js'

const PER_SECOND = 100
const CONNECTIONS = 300

/** R20: the application keeps the event loop busy for two seconds while requests come in. */
export function blockedLoop({ settings, load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  const imports = [new URL('block-on-signal.js', import.meta.url).href]
  return withService(name, { imports }, async (service) => {
    await load.run(service, { connections: 8, seconds: settings.seconds / 2 })
    const running = load.run(service, {
      connections: CONNECTIONS,
      perSecond: PER_SECOND,
      seconds: settings.seconds / 2 + 4,
    })
    await sleep(settings.seconds * 250)
    service.child.kill('SIGUSR2')
    const result = await running
    const refused = answered(result) - (result.statuses['200'] ?? 0)
    const share = refused / answered(result)
    return {
      id: 'R20',
      fault: `event loop blocked, ${name} (${FRAMEWORKS[name]})`,
      injected: `a busy loop of 2 s at ${PER_SECOND} requests/s, ${CONNECTIONS} connections`,
      asked: 'under 1 % denied after release',
      measured: `${statusesOf(result)}; ${(share * 100).toFixed(2)} % denied, ${result.resets} resets; longest answer ${(result.max / 1000).toFixed(1)} s`,
      // Where nothing waited, nothing was blocked.
      held: share < 0.01 && result.resets === 0 && result.max > 1500,
    }
  })
}

import type { FaultBench } from './bench.js'
import { statusesOf } from './load.js'
import type { LoadResult } from './load-child.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName } from './service.js'

const TIMES = 3
const CONNECTIONS = 1500
/** By how much the peak may differ before and after: more, and the machine was too busy with other things. */
const MOST_SPREAD = 0.25

/** R28: three times as many requests as the service gets done. */
export function overload({ settings, load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  return withService(name, {}, async (service) => {
    const closed = { connections: 16, seconds: settings.seconds }
    await load.run(service, closed)
    const first = goodPut(await load.run(service, closed))
    const memory = service.megabytes()
    const allowedBefore = await service.count(({ outcome }) => outcome === 'allow')
    const over = await load.run(service, {
      connections: CONNECTIONS,
      perSecond: Math.round(first * TIMES),
      seconds: settings.seconds * 2,
    })
    const grown = service.megabytes() - memory
    const records = (await service.count(({ outcome }) => outcome === 'allow')) - allowedBefore
    const denied = await service.count(({ outcome }) => outcome !== 'allow')
    const last = goodPut(await load.run(service, closed))
    const peak = (first + last) / 2
    const share = goodPut(over) / peak
    const sent = (goodPut(over) + (over.statuses['503'] ?? 0) / over.seconds) / peak
    const isSound = denied === 0 && records === (over.statuses['200'] ?? 0) && over.resets === 0
    return {
      id: 'R28',
      fault: `overload, ${name} (${FRAMEWORKS[name]})`,
      injected: `${TIMES} × the peak, due on ${CONNECTIONS} connections; ${sent.toFixed(1)} × could be sent`,
      asked: 'shed with 503 before verification, good-put at least 90 % of peak, no OOM',
      measured: `peak ${first.toFixed(0)}/s before, ${last.toFixed(0)}/s after; good-put ${goodPut(over).toFixed(0)}/s, ${(share * 100).toFixed(0)} % of their mean; ${statusesOf(over)}; ${records} records of allowances, ${denied} of denials; the served took ${over.p50.toFixed(0)} ms (p99 ${over.p99.toFixed(0)}); memory +${grown.toFixed(0)} MB`,
      held: isSound && Math.abs(first - last) > MOST_SPREAD * peak ? undefined : isSound && share >= 0.9,
    }
  })
}

function goodPut({ statuses, seconds }: LoadResult): number {
  return (statuses['200'] ?? 0) / seconds
}

import { nextMessage, startPinned } from '../pinned.js'
import type { FaultBench } from './bench.js'
import { statusesOf } from './load.js'
import type { LoadResult, LoadTask } from './load-child.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName, type ServiceProcess } from './service.js'

const TIMES = 3
const CONNECTIONS = 600

interface Phase {
  readonly result: LoadResult
  /** Requests served in a second, and in a second of the service's processor time. */
  readonly rate: number
  readonly rateByCpu: number
}

/** R28: three times as many requests as the service gets done. */
export function overload({ settings, load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  return withService(name, {}, async (service) => {
    const phase = async (task: Pick<LoadTask, 'connections' | 'seconds'> & Partial<LoadTask>): Promise<Phase> => {
      const before = service.cpuSeconds()
      const result = await load.run(service, task)
      const served = result.statuses['200'] ?? 0
      return { result, rate: served / result.seconds, rateByCpu: served / (service.cpuSeconds() - before) }
    }
    const closed = { connections: 16, seconds: settings.seconds }
    await phase(closed)
    const first = await phase(closed)
    const allowedBefore = await service.count(({ outcome }) => outcome === 'allow')
    const memory = service.megabytes()
    const over = await phase({
      connections: CONNECTIONS,
      perSecond: Math.round(first.rate * TIMES),
      seconds: settings.seconds * 2,
    })
    const grown = service.megabytes() - memory
    const records = (await service.count(({ outcome }) => outcome === 'allow')) - allowedBefore
    const denied = await service.count(({ outcome }) => outcome !== 'allow')
    const last = await phase(closed)
    const bareByCpu = await bareRateByCpu(load, service, settings.seconds)

    const { result } = over
    const served = result.statuses['200'] ?? 0
    const share = (2 * over.rate) / (first.rate + last.rate)
    const shareByCpu = (2 * over.rateByCpu) / (first.rateByCpu + last.rateByCpu)
    // Had a refusal cost no more than an answer of a server that does nothing else.
    const refusals = (result.statuses['503'] ?? 0) / served
    const atBest = 1 / (1 + (refusals * (first.rateByCpu + last.rateByCpu)) / 2 / bareByCpu)
    const sent = over.rate + (result.statuses['503'] ?? 0) / result.seconds
    // Of what was shed there is no record. A log that is read too slowly drops lines of what was served, and says so.
    const isLogBehind = service.stderr.includes('lines dropped')
    const isRecorded = (isLogBehind || records >= served) && records <= served + result.unanswered
    const isSound = result.resets === 0 && denied === 0 && isRecorded
    return {
      id: 'R28',
      fault: `overload, ${name} (${FRAMEWORKS[name]})`,
      injected: `${TIMES} × the peak, due on ${CONNECTIONS} connections; ${(sent / first.rate).toFixed(1)} × could be sent`,
      asked: 'shed with 503 before verification, good-put at least 90 % of peak, no OOM',
      measured: `peak ${first.rate.toFixed(0)}/s before, ${last.rate.toFixed(0)}/s after; good-put ${over.rate.toFixed(0)}/s: ${percent(share)} of their mean, ${percent(shareByCpu)} by processor time, where ${percent(atBest)} is left if a refusal costs what bare node:http does; ${statusesOf(result)}, ${result.resets} resets; ${records} records of allowances${isLogBehind ? ' (its log told of lines that it dropped)' : ''}, ${denied} of denials; memory +${grown.toFixed(0)} MB`,
      // By processor time: other work on this machine takes from one phase and not from another. Where more was refused than three times
      // what was served, it took so much that the load was more than three times what the service could do.
      held: isSound && shareByCpu < 0.9 && refusals > TIMES ? undefined : isSound && shareByCpu >= 0.9,
    }
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** Answers of a bare server in a second of its processor time. */
async function bareRateByCpu(
  load: FaultBench['load'],
  { read }: Pick<ServiceProcess, 'read'>,
  seconds: number,
): Promise<number> {
  const child = startPinned(0, './faults/bare-child.js')
  try {
    const port = await nextMessage<number>(child, 20)
    const cpu = async (): Promise<number> => {
      const answer = nextMessage<number>(child, 20)
      child.send('cpu')
      return answer
    }
    await load.run({ port, read }, { connections: 16, seconds: seconds / 2 })
    const before = await cpu()
    const { statuses } = await load.run({ port, read }, { connections: 16, seconds: seconds / 2 })
    return (statuses['503'] ?? 0) / ((await cpu()) - before)
  } finally {
    child.kill()
  }
}

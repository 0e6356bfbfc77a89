import { openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../statistics.js'
import type { FaultBench } from './bench.js'
import { answered, statusesOf } from './load.js'
import type { LoadResult } from './load-child.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, monotonicMilliseconds, type Output, type ServiceName, type ServiceProcess } from './service.js'

const PER_SECOND: Readonly<Record<ServiceName, number>> = { orders: 100, inventory: 300 }

interface Outcome {
  readonly result: LoadResult
  readonly stderrLines: number
  readonly code: number | string
  readonly exitSeconds: number
}

/** Load on a service whose standard output goes there, then SIGTERM. */
function runWith({ settings, load, withService }: FaultBench, name: ServiceName, output: Output): Promise<Outcome> {
  return withService(name, { output }, async (service) => {
    const task = { connections: 32, perSecond: PER_SECOND[name] }
    // Machine code first.
    await load.run(service, { connections: 8, seconds: settings.seconds / 2 })
    const result = await load.run(service, { ...task, seconds: settings.seconds })
    return { result, stderrLines: logLines(service), ...(await terminate(service)) }
  })
}

async function terminate(
  service: ServiceProcess,
): Promise<{ readonly code: number | string; readonly exitSeconds: number }> {
  const sentAt = monotonicMilliseconds()
  service.child.kill('SIGTERM')
  const ended = await Promise.race([service.ended, sleep(12_000, undefined, { ref: false })])
  return ended === undefined
    ? { code: 'none', exitSeconds: Number.NaN }
    : { code: ended.code, exitSeconds: (ended.at - sentAt) / 1000 }
}

function logLines({ stderr }: ServiceProcess): number {
  return stderr.split('\n').filter((line) => line.startsWith('log:')).length
}

const allOk = (result: LoadResult): boolean => answered(result) > 0 && answered(result) === result.statuses['200']

const SLICES = 3
const MOST_ADDED_MILLISECONDS = 5

const isServedOrShed = (result: LoadResult): boolean =>
  answered(result) > 0 && answered(result) === (result.statuses['200'] ?? 0) + (result.statuses['503'] ?? 0)

/** R21: nobody reads the pipe that records go to. Beside a service whose pipe is read, in turn: the machine has other work. */
export function blockedSink({ settings, load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  return withService(name, {}, (read) =>
    withService(name, { output: 'unread' }, async (unread) => {
      const task = { connections: 16, perSecond: PER_SECOND[name], seconds: settings.seconds / 2 }
      const [without, beside]: [LoadResult[], LoadResult[]] = [[], []]
      for (const service of [read, unread]) await load.run(service, { connections: 8, seconds: settings.seconds / 2 })
      for (let slice = 0; slice < SLICES; slice++) {
        beside.push(await load.run(read, task))
        without.push(await load.run(unread, task))
      }
      const { code, exitSeconds } = await terminate(unread)
      const [p99, besideP99] = [without, beside].map((results) => results.map((result) => result.p99)) as [
        number[],
        number[],
      ]
      const added = median(p99) - median(besideP99)
      const spread = Math.max(...besideP99) - Math.min(...besideP99)
      const isSound = without.every(isServedOrShed) && exitSeconds <= 10
      return {
        id: 'R21',
        fault: `audit pipe blocked, ${name} (${FRAMEWORKS[name]})`,
        injected: `nobody reads standard output, ${task.perSecond} requests/s; beside it one that is read, ${SLICES} slices in turn`,
        asked: `p99 at most ${MOST_ADDED_MILLISECONDS} ms more`,
        measured: `${without.reduce((sum, result) => sum + (result.statuses['200'] ?? 0), 0)} × 200 of ${without.reduce((sum, result) => sum + answered(result), 0)}; p99 ${median(p99).toFixed(1)} ms, read ${median(besideP99).toFixed(1)} ms (over its slices ${Math.min(...besideP99).toFixed(1)} to ${Math.max(...besideP99).toFixed(1)}); ${tellOfLoss(unread)}; code ${code} ${exitSeconds.toFixed(1)} s after SIGTERM`,
        // What the machine does to a service that is read is no measure of the other.
        held:
          isSound && added > MOST_ADDED_MILLISECONDS && spread > MOST_ADDED_MILLISECONDS
            ? undefined
            : isSound && added <= MOST_ADDED_MILLISECONDS,
      }
    }),
  )
}

function tellOfLoss(service: ServiceProcess): string {
  const lines = logLines(service)
  return lines === 0 ? 'nothing lost' : `${lines} lines on stderr about what is lost`
}

/** R22: nothing can be written to where records go. */
export async function failingSink(bench: FaultBench, name: ServiceName, error: 'ENOSPC' | 'EPIPE'): Promise<FaultRow> {
  const output = error === 'EPIPE' ? 'gone' : { fd: openSync('/dev/full', 'w') }
  const { result, stderrLines, code, exitSeconds } = await runWith(bench, name, output)
  return {
    id: 'R22',
    fault: `${error === 'EPIPE' ? 'audit reader gone (EPIPE)' : 'audit disk full (ENOSPC)'}, ${name} (${FRAMEWORKS[name]})`,
    injected: `standard output ${error === 'EPIPE' ? 'is a pipe whose reader has ended' : 'is /dev/full'}, ${PER_SECOND[name]} requests/s for ${bench.settings.seconds} s`,
    asked: 'process alive, stderr once a minute',
    // What a busy machine makes the service shed is no matter of its log.
    measured: `alive; ${statusesOf(result)}; ${stderrLines} lines on stderr; code ${code} ${exitSeconds.toFixed(1)} s after SIGTERM`,
    held: isServedOrShed(result) && stderrLines >= 1 && stderrLines <= 2 && code === 0 && exitSeconds <= 10,
  }
}

/** R22: no file can be opened, a connection neither. */
export function noFiles({ load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  return withService(name, {}, async (service) => {
    service.limitFiles(64)
    const during = await load.run(service, { connections: 200, perSecond: 100, seconds: 2 })
    await sleep(500)
    const after = await load.run(service, { connections: 8, perSecond: 100, seconds: 2 })
    return {
      id: 'R22',
      fault: `too many open files (EMFILE), ${name} (${FRAMEWORKS[name]})`,
      injected: '200 connections on a process that may open 64 files',
      asked: 'process alive, serves again after',
      measured: `${service.isAlive ? 'alive' : 'DEAD'}; ${statusesOf(during)} meanwhile, ${statusesOf(after)} after`,
      held: service.isAlive && allOk(after),
    }
  })
}

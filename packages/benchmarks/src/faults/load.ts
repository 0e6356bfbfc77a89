import type { ChildProcess } from 'node:child_process'
import { nextMessage, startPinned } from '../pinned.js'
import type { LoadResult, LoadTask } from './load-child.js'
import type { ServiceProcess } from './service.js'

const LOAD_CORE = 1

/** A process that sends signed requests to one service after the other. */
export class LoadGenerator {
  readonly #child: ChildProcess = startPinned(LOAD_CORE, './faults/load-child.js')

  /** @param perSecond - as many as the connections take where it is absent */
  run(
    service: Pick<ServiceProcess, 'port' | 'read'>,
    task: Pick<LoadTask, 'connections' | 'seconds'> & Partial<LoadTask>,
  ): Promise<LoadResult> {
    const answer = nextMessage<LoadResult>(this.#child, task.seconds + 60)
    const { port, read } = service
    this.#child.send({ port, ...read, perSecond: null, watchHealth: false, ...task } satisfies LoadTask)
    return answer
  }

  stop(): void {
    this.#child.kill()
  }
}

/** Answers that were neither 200 nor asked for elsewhere: `401: 3, 503: 7`. */
export function statusesOf({ statuses }: LoadResult): string {
  if (Object.keys(statuses).length === 0) return 'no answers'
  return Object.entries(statuses)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ')
}

export function answered(result: LoadResult): number {
  return Object.values(result.statuses).reduce((sum, count) => sum + count, 0)
}

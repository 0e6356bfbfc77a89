import { setTimeout as sleep } from 'node:timers/promises'
import {
  connectClient,
  type Deployment,
  FOUND_PROGRAMS,
  LIBRARIES,
  type Library,
  type RedisService,
  redisService,
  sentinel,
  startProxy,
  startRedis,
  until,
} from '@countersign/conformance/redis'
import { redisConnection, redisReplayStore } from '@countersign/redis'
import { table } from '../table.js'
import { type Answered, load, percentile } from './load.js'

const PER_SECOND = 500
/** Of the load, before the fault begins. */
const BEFORE_SECONDS = 1

interface Fault {
  readonly id: string
  readonly title: string
  /** Whether requests may be accepted while it lasts. */
  readonly mayAccept: boolean
  /** When it begins to hold for requests, in seconds after it was made: what was under way before is not counted. */
  readonly settleSeconds: number
  run(library: Library, seconds: number): Promise<FaultResult>
}

interface FaultResult {
  readonly answers: readonly Answered[]
  readonly note: string
}

/** A service on a server of its own, through a proxy. */
async function bench(library: Library) {
  const redis = await startRedis()
  const proxy = await startProxy(redis.port)
  const connected = await connectClient(library, { kind: 'single', ports: [proxy.port] })
  const lines: string[] = []
  const keep = (_record: object, message: string) => void lines.push(message)
  const log = { info: () => {}, warn: keep, error: keep }
  const service = redisService(redisReplayStore(redisConnection({ client: connected.client, log })))
  const close = async () => {
    await connected.close()
    await proxy.close()
    await redis.stop()
  }
  return { redis, proxy, lines, service, close }
}

/** Loads a service, and makes the fault after a second. */
async function during(
  library: Library,
  seconds: number,
  act: (made: Awaited<ReturnType<typeof bench>>) => Promise<unknown> | unknown,
): Promise<FaultResult> {
  const made = await bench(library)
  try {
    const loading = load(made.service, PER_SECOND, BEFORE_SECONDS + seconds)
    await sleep(BEFORE_SECONDS * 1000)
    await act(made)
    return { answers: await loading, note: `${made.lines.length} log lines` }
  } finally {
    made.redis.resume()
    await made.close()
  }
}

const slow = (delayMilliseconds: number, mayAccept: boolean): Fault => ({
  id: 'R03',
  title: `answers take ${delayMilliseconds} ms`,
  mayAccept,
  settleSeconds: 0.3,
  run: (library, seconds) =>
    during(library, seconds, ({ proxy }) => {
      proxy.delayMilliseconds = delayMilliseconds
    }),
})

const FAULTS: readonly Fault[] = [
  {
    id: 'R01',
    title: 'gone, port closed',
    mayAccept: false,
    settleSeconds: 0.3,
    run: (library, seconds) =>
      during(library, seconds, async ({ redis, proxy }) => {
        await Promise.all([redis.stop(), proxy.close()])
      }),
  },
  {
    id: 'R02',
    title: 'hangs (SIGSTOP)',
    mayAccept: false,
    settleSeconds: 0,
    run: (library, seconds) => during(library, seconds, ({ redis }) => redis.pause()),
  },
  slow(50, true),
  slow(200, true),
  slow(400, false),
  {
    id: 'R20',
    title: 'event loop blocked for 2 s',
    mayAccept: true,
    settleSeconds: 0,
    run: (library, seconds) =>
      during(library, seconds, () => {
        const start = performance.now()
        while (performance.now() - start < 2000);
      }),
  },
  { id: 'R05', title: 'failover by Sentinel', mayAccept: true, settleSeconds: 0, run: failover },
]

/** The master is killed under load. Afterwards everything that was accepted comes again, to a process that has seen none of it. */
async function failover(library: Library, seconds: number): Promise<FaultResult> {
  const deployment: Deployment = await sentinel(FOUND_PROGRAMS[0] ?? 'redis-server')
  const first = await connectClient(library, deployment)
  const second = await connectClient(library, deployment)
  try {
    const service = redisService(redisReplayStore(redisConnection({ client: first.client, log: null })))
    const other = redisService(
      redisReplayStore(redisConnection({ client: second.client, log: null }), { localEntries: null }),
    )
    const loading = load(service, PER_SECOND, BEFORE_SECONDS + seconds)
    await sleep(BEFORE_SECONDS * 1000)
    await deployment.servers[0]?.stop()
    const answers = await loading
    await until(async () => (await other.verifier.health()).ready)
    const accepted = answers.filter(({ verdict }) => verdict === 'allow')
    const again = await replayAll(other, accepted)
    const back = accepted.find(({ atSeconds }) => atSeconds > BEFORE_SECONDS + 0.3)?.atSeconds
    const recovery = back === undefined ? 'not back' : `back after ${(back - BEFORE_SECONDS).toFixed(1)} s`
    return { answers, note: `${recovery}; ${again} of ${accepted.length} accepted again elsewhere` }
  } finally {
    await first.close()
    await second.close()
    await deployment.stop()
  }
}

async function replayAll(service: RedisService, accepted: readonly Answered[]): Promise<number> {
  let again = 0
  for (const { request } of accepted) if ((await service.verdict(request)) === 'allow') again++
  return again
}

/** Prints a table of faults. Returns whether nothing was accepted that must not be. */
export async function measureFaults(seconds: number, print: (text: string) => void): Promise<boolean> {
  const rows: string[][] = []
  let isGood = true
  for (const library of LIBRARIES) {
    for (const fault of FAULTS) {
      const { answers, note } = await fault.run(library, seconds)
      const [row, isAsItMustBe] = describe(fault, library, answers, note)
      isGood &&= isAsItMustBe
      rows.push(row)
    }
  }
  print(`${PER_SECOND} signed requests a second, ${seconds} s of each fault, default settings.\n`)
  print(table(['fault', 'client', 'accepted', 'refused', 'p50 ms', 'p99 ms', 'max ms', 'note'], rows))
  return isGood
}

function describe(
  { id, title, mayAccept, settleSeconds }: Fault,
  library: Library,
  all: readonly Answered[],
  note: string,
) {
  const answers = all.filter(({ atSeconds }) => atSeconds > BEFORE_SECONDS + settleSeconds)
  const accepted = answers.filter(({ verdict }) => verdict === 'allow')
  const refused = answers.filter(({ verdict }) => verdict !== 'allow')
  const times = (refused.length > 0 ? refused : answers).map(({ milliseconds }) => milliseconds)
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1))
  const row = [`${id} ${title}`, library, String(accepted.length), String(refused.length), p50, p99, max, note]
  return [row as string[], mayAccept || accepted.length === 0] as const
}

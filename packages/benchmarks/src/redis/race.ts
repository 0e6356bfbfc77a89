import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asService, LIBRARIES, type ProbeRequest, startRedis } from '@countersign/conformance/redis'
import { nextMessage } from '../pinned.js'
import { table } from '../table.js'

/** What a process is told: a request, and how many times to ask about it at once. */
export interface RaceRound {
  readonly request: ProbeRequest
  readonly times: number
}

export type RaceVerdicts = readonly string[]

const AT_ONCE = 100
const PATIENCE_SECONDS = 60

/**
 * Lets processes that share one Redis race for one signed request, a hundred times at once, round by round. Returns whether exactly one was accepted
 * in every round.
 */
export async function runRace(rounds: number, processes: number, print: (text: string) => void): Promise<boolean> {
  const redis = await startRedis()
  const children = Array.from({ length: processes }, (_, index) => startRacer(redis.port, index))
  const accepted = new Map<number, number>()
  const reasons = new Map<string, number>()
  const start = performance.now()
  try {
    await Promise.all(children.map((child) => nextMessage(child, PATIENCE_SECONDS)))
    for (let round = 0; round < rounds; round++) {
      const verdicts = await raceOnce(children)
      const count = verdicts.filter((verdict) => verdict === 'allow').length
      accepted.set(count, (accepted.get(count) ?? 0) + 1)
      for (const verdict of verdicts) reasons.set(verdict, (reasons.get(verdict) ?? 0) + 1)
    }
  } finally {
    for (const child of children) child.kill()
    await redis.stop()
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  print(`${rounds} rounds, ${AT_ONCE} equal signed requests at once, ${processes} processes, ${seconds} s.\n`)
  print(table(['accepted in a round', 'rounds'], rowsOf(accepted)))
  print(`\n${table(['verdict', 'requests'], rowsOf(reasons))}`)
  return accepted.get(1) === rounds
}

async function raceOnce(children: readonly ChildProcess[]): Promise<RaceVerdicts> {
  const request = asService({ timestamp: String(Math.floor(Date.now() / 1000)) })
  const answers = children.map((child, index) => {
    const times = Math.floor(AT_ONCE / children.length) + (index < AT_ONCE % children.length ? 1 : 0)
    const answer = nextMessage<RaceVerdicts>(child, PATIENCE_SECONDS)
    child.send({ request, times } satisfies RaceRound)
    return answer
  })
  return (await Promise.all(answers)).flat()
}

function startRacer(port: number, index: number): ChildProcess {
  const script = fileURLToPath(new URL('./race-child.js', import.meta.url))
  // The secret of the target's webhook is short, and said to be at every start.
  return fork(script, [String(port), LIBRARIES[index % LIBRARIES.length] as string], { execArgv: ['--no-warnings'] })
}

const rowsOf = (counts: ReadonlyMap<string | number, number>) =>
  [...counts].map(([name, count]) => [String(name), String(count)])

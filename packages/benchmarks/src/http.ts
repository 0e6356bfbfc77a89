import type { ChildProcess } from 'node:child_process'
import { HTTP_SCENARIOS, type HttpContender, type HttpScenario } from './http-contenders.js'
import type { RoundResult } from './http-load-child.js'
import { type HttpMaterial, makeHttpMaterial } from './http-material.js'
import { nextMessage, startPinned } from './pinned.js'
import { median } from './statistics.js'

export interface HttpRow {
  readonly name: string
  readonly requestsPerSecond: number
  /** Of the bare framework's rate in the same round: the median over rounds. */
  readonly share: number
  /** The bare framework's processor time over this one's in the same round: what `share` would be on an undisturbed core. */
  readonly shareByCpu: number
  /** Processor time of the server, user and system. */
  readonly cpuMicroseconds: number
  /** Processor time beyond the bare framework's in the same round: the median over rounds. */
  readonly cpuAdded: number
}

export interface HttpResult {
  readonly title: string
  /** How far the bare framework's rate went apart over the rounds, of its median: how disturbed the machine was. */
  readonly spread: number
  readonly rows: readonly HttpRow[]
}

interface HttpSettings {
  readonly rounds: number
  readonly milliseconds: number
}

const FULL: HttpSettings = { rounds: 7, milliseconds: 3000 }
const QUICK: HttpSettings = { rounds: 3, milliseconds: 1000 }

const WARMUP_MILLISECONDS = 4000

const SERVER_CORE = 0
const LOAD_CORE = 1
const LONGEST_ANSWER_SECONDS = 60

async function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  const answer = nextMessage<T>(child, LONGEST_ANSWER_SECONDS)
  child.send(message)
  return answer
}

/** Measures servers against the bare framework: one process each on one core, the load generator on another, round by round in turn. */
export async function* runHttp(quick: boolean, only?: string): AsyncGenerator<HttpResult> {
  const material = makeHttpMaterial()
  const generator = startPinned(LOAD_CORE, './http-load-child.js')
  try {
    await ask(generator, { start: material })
    for (const scenario of HTTP_SCENARIOS) {
      if (only === undefined || scenario.title.startsWith(only)) {
        yield await runScenario(scenario, generator, material, quick ? QUICK : FULL)
      }
    }
  } finally {
    generator.kill()
  }
}

/** A server that runs, and what was measured of it so far. */
interface Running {
  readonly contender: HttpContender
  readonly server: ChildProcess
  readonly port: number
  readonly rates: number[]
  readonly cpu: number[]
}

async function runScenario(
  { title, contenders }: HttpScenario,
  generator: ChildProcess,
  material: HttpMaterial,
  settings: HttpSettings,
): Promise<HttpResult> {
  const running: Running[] = []
  try {
    for (const contender of contenders) {
      const server = startPinned(SERVER_CORE, './http-server-child.js', [contender.server])
      running.push({ contender, server, port: await ask(server, { start: material }), rates: [], cpu: [] })
    }
    // One round for machine code and connections, not counted.
    for (const each of running) await runRound(each, generator, WARMUP_MILLISECONDS)
    for (const each of running) each.rates.length = each.cpu.length = 0
    for (let round = 0; round < settings.rounds; round++) {
      for (let turn = 0; turn < running.length; turn++) {
        await runRound(running[(turn + round) % running.length] as Running, generator, settings.milliseconds)
      }
    }
    const bare = running[0] as Running
    const spread = (Math.max(...bare.rates) - Math.min(...bare.rates)) / median(bare.rates)
    return { title, spread, rows: running.map((each) => toRow(each, bare)) }
  } finally {
    for (const { server } of running) server.kill()
  }
}

async function runRound(
  { contender, server, port, rates, cpu }: Running,
  generator: ChildProcess,
  milliseconds: number,
): Promise<void> {
  const before = await ask<number>(server, 'cpu')
  const { requests, seconds } = await ask<RoundResult>(generator, { port, load: contender.load, milliseconds })
  const after = await ask<number>(server, 'cpu')
  rates.push(requests / seconds)
  cpu.push((after - before) / requests)
}

function toRow({ contender, rates, cpu }: Running, bare: Running): HttpRow {
  return {
    name: contender.name,
    requestsPerSecond: median(rates),
    share: median(rates.map((rate, round) => rate / (bare.rates[round] ?? Number.NaN))),
    shareByCpu: median(cpu.map((time, round) => (bare.cpu[round] ?? Number.NaN) / time)),
    cpuMicroseconds: median(cpu),
    cpuAdded: median(cpu.map((time, round) => time - (bare.cpu[round] ?? Number.NaN))),
  }
}

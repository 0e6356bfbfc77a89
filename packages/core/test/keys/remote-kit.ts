import { generateKeyPairSync } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { onTestFinished } from 'vitest'
import type { JwtAlgorithm, VerificationKeyLookup, VerificationKeySource } from '../../src/key.js'
import type { Jwk } from '../../src/keys/jwk.js'
import { JWKS_CHANNEL, type JwksEvent } from '../../src/keys/remote-events.js'
import { remoteJwks } from '../../src/keys/remote-jwks.js'
import type { RemoteJwksOptions } from '../../src/keys/remote-options.js'
import type { RemoteRuntime } from '../../src/keys/remote-runtime.js'
import { NOW } from '../kit.js'

/** What tests of remote key sets stand on: time that is moved by hand, and a server that is a function. */

export const JWKS_URL = 'https://id.example/jwks'

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

interface Timer {
  readonly at: number
  readonly act: () => void
  readonly holding: string
}

/** Time that moves when it is told to. Chance is `chance`. */
export class HandTime {
  now = 5000
  chance = 0
  readonly timers = new Set<Timer>()
  readonly runtime: RemoteRuntime = {
    monotonic: () => this.now,
    random: () => this.chance,
    after: (seconds, act, holding) => {
      const timer = { at: this.now + seconds, act, holding }
      this.timers.add(timer)
      return () => this.timers.delete(timer)
    },
  }

  /** Moves on, timer by timer. */
  async pass(seconds: number): Promise<void> {
    const end = this.now + seconds
    await settle()
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)
      if (next === undefined) break
      this.timers.delete(next)
      this.now = Math.max(this.now, next.at)
      next.act()
      await settle()
    }
    this.now = end
  }

  /** Moves on without any timer going off, as when the process was held up. */
  jump(seconds: number): void {
    this.now += seconds
  }
}

const pool = new Map<string, Jwk>()

/** A public P-256 JWK for ES256, the same for the same name. */
export function jwk(kid: string, more: Readonly<Record<string, unknown>> = {}): Jwk {
  let key = pool.get(kid)
  if (key === undefined) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    key = { ...publicKey.export({ format: 'jwk' }), kty: 'EC', kid }
    pool.set(kid, key)
  }
  return { ...key, alg: 'ES256', use: 'sig', ...more }
}

export type Answer = () => Response | Promise<Response>

export const json = (value: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json', ...headers } })

/** A server as its clients' `fetch`. */
export class FetchServer {
  /** What it answers; by default its keys. */
  answer: Answer = () => json({ keys: this.keys }, this.headers)
  keys: readonly unknown[]
  headers: Record<string, string> = {}
  readonly urls: string[] = []
  readonly signals: AbortSignal[] = []
  /** How many requests are under way, and were at most. */
  open = 0
  mostOpen = 0

  constructor(...kids: readonly string[]) {
    this.keys = kids.map((kid) => jwk(kid))
  }

  get fetches(): number {
    return this.urls.length
  }

  serve(...kids: readonly string[]): void {
    this.keys = kids.map((kid) => jwk(kid))
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.urls.push(url)
    this.open++
    this.mostOpen = Math.max(this.mostOpen, this.open)
    let isOver = false
    const end = () => {
      if (!isOver) this.open--
      isOver = true
    }
    if (init.signal instanceof AbortSignal) {
      this.signals.push(init.signal)
      // The promise goes on all the same: a `fetch` that is given need not heed a signal.
      init.signal.addEventListener('abort', end)
    }
    try {
      return await this.answer()
    } finally {
      end()
    }
  }
}

export const refuseConnection: Answer = () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
}
export const hang: Answer = () => new Promise(() => {})

export function open(source: VerificationKeySource, ...algorithms: JwtAlgorithm[]): VerificationKeyLookup {
  return source.open({ clock: () => NOW, option: 'keys', algorithms: algorithms.length === 0 ? ['ES256'] : algorithms })
}

export interface RemoteBench {
  readonly time: HandTime
  readonly server: FetchServer
  readonly keys: VerificationKeyLookup
  /** What becomes of a kid: `found`, `unknown` or `unavailable`, and `(waited)` where the answer was a promise. */
  ask(kid: string): Promise<string>
}

/** A remote set on a server that is a function, at a time that stands. */
export function remoteBench(options: RemoteJwksOptions = {}, ...kids: readonly string[]): RemoteBench {
  const time = new HandTime()
  const server = new FetchServer(...(kids.length === 0 ? ['a'] : kids))
  const keys = open(remoteJwks(JWKS_URL, { fetch: server.fetch, runtime: time.runtime, ...options }))
  return { time, server, keys, ask: (kid) => asked(keys, kid) }
}

export async function asked(keys: VerificationKeyLookup, kid: string | undefined): Promise<string> {
  let waited = ''
  try {
    const answer = keys.find(kid, 'ES256', NOW)
    if (answer instanceof Promise) waited = ' (waited)'
    return `${(await answer) === undefined ? 'unknown' : 'found'}${waited}`
  } catch (error) {
    if (error instanceof Error && 'reason' in error && error.reason === 'keys_unavailable')
      return `unavailable${waited}`
    throw error
  }
}

/** Collects the events of the channel until the test ends. */
export function jwksEvents(): JwksEvent[] {
  const events: JwksEvent[] = []
  const keep = (message: unknown) => {
    events.push(message as JwksEvent)
  }
  channel(JWKS_CHANNEL).subscribe(keep)
  onTestFinished(() => {
    channel(JWKS_CHANNEL).unsubscribe(keep)
  })
  return events
}

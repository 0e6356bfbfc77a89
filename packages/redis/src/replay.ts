import { randomBytes } from 'node:crypto'
import { memoryReplayStore, type ReplayStore, ReplayStoreError } from '@countersign/core'
import { checkInteger, checkMembers, checkNumber } from '@countersign/core/stores'
import type { RedisCircuit } from './circuit.js'
import type { RedisDriver } from './client.js'
import type { RedisConnection } from './connection.js'
import { RedisStoreError } from './failure.js'

export interface RedisReplayStoreOptions {
  /**
   * How many accepted ids this process remembers itself, so that it refuses them even when Redis has lost them. Beyond that Redis alone does.
   * Default 1 000 000, some 150 MB when full; `null`: none.
   */
  readonly localEntries?: number | null
  /**
   * How much longer than this process's clock asks for Redis keeps an id: the clocks of others may be behind. Default 300, as long as the
   * window; 60 to 86 400. So far this process's clock may go back too.
   */
  readonly marginSeconds?: number
}

/**
 * A replay store that many processes share: `SET NX` decides, once for all of them. Rejects with `RedisStoreError`
 * where Redis does not plainly say yes or no in time, with `ReplayStoreError` where the clock was set back further than `marginSeconds`.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, an unknown option
 */
export function redisReplayStore(redis: RedisConnection, options: RedisReplayStoreOptions = {}): ReplayStore {
  checkMembers('redisReplayStore', options, ['localEntries', 'marginSeconds'])
  const { localEntries = 1_000_000, marginSeconds = 300 } = options
  const local =
    localEntries === null
      ? null
      : memoryReplayStore({ maxEntries: checkInteger('redisReplayStore.localEntries', localEntries, 1, 16_000_000) })
  const margin = checkNumber('redisReplayStore.marginSeconds', marginSeconds, 60, 86_400)
  return new SharedReplayStore(redis.circuit('replay'), `${redis.prefix}:replay:`, local, margin)
}

class SharedReplayStore implements ReplayStore {
  readonly #circuit: RedisCircuit
  readonly #prefix: string
  readonly #local: ReplayStore | null
  readonly #marginSeconds: number
  /** By the clock of the verifier that asked. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(circuit: RedisCircuit, prefix: string, local: ReplayStore | null, marginSeconds: number) {
    this.#circuit = circuit
    this.#prefix = prefix
    this.#local = local
    this.#marginSeconds = marginSeconds
  }

  async claim(id: string, expiresAt: number, now: number): Promise<boolean> {
    this.#latest = Math.max(this.#latest, now)
    // A clock that was set back asks for a time whose ids are gone: what cannot be known is not let in.
    if (now < this.#latest - this.#marginSeconds) {
      throw new ReplayStoreError('The clock went back beyond what is remembered')
    }
    const key = `${this.#prefix}{${id}}`
    const milliseconds = Math.ceil((Math.max(expiresAt - now, 0) + this.#marginSeconds) * 1000) || 1
    if (!(await this.#circuit.run((driver) => setOnce(driver, key, String(milliseconds))))) return false
    return this.#isNewHere(id, expiresAt, now)
  }

  /** Whether Redis would take an id: it is given one. */
  async ready(): Promise<boolean> {
    // Without braces: no id has this key.
    const key = `${this.#prefix}ready`
    return (await this.#circuit.command(key, 'SET', key, '', 'PX', '1000')) === 'OK'
  }

  /** After Redis, so that what was not accepted is not remembered here. A Redis that restarted empty says yes to what it said yes to before. */
  async #isNewHere(id: string, expiresAt: number, now: number): Promise<boolean> {
    if (this.#local === null) return true
    try {
      return await this.#local.claim(id, expiresAt, now)
    } catch (error) {
      // Full: Redis remembers, and it said yes.
      if (error instanceof ReplayStoreError) return true
      throw error
    }
  }
}

/**
 * Writes a value that nobody else writes, if there is none. A client may send a command again when it lost the connection before the answer: the
 * value tells our own write from another's.
 */
async function setOnce(driver: RedisDriver, key: string, milliseconds: string): Promise<boolean> {
  const value = randomBytes(16).toString('base64url')
  const reply = await driver.send(key, ['SET', key, value, 'NX', 'PX', milliseconds])
  if (reply === 'OK') return true
  if (reply !== null) throw new RedisStoreError('unexpected_reply')
  const kept = await driver.send(key, ['GET', key])
  // Gone since: it was there, all the same.
  if (typeof kept !== 'string' && kept !== null) throw new RedisStoreError('unexpected_reply')
  return kept === value
}

import { withinSeconds } from '@countersign/core/stores'
import type { Admission, Breaker } from './breaker.js'
import type { RedisDriver } from './client.js'
import { failureOf, type RedisFailure, RedisStoreError } from './failure.js'
import type { Reporter } from './reporter.js'
import { type RedisScript, runScript } from './script.js'

/**
 * The way of one store to Redis: every operation has a deadline and goes through a breaker of the store's own. What cannot be done in time
 * rejects with {@link RedisStoreError}; nothing is queued, and nothing tried twice.
 */
export interface RedisCircuit {
  /** Sends a command to the node of `key`, which is one of its arguments: `command(key, 'GET', key)`. */
  command(key: string, name: string, ...args: string[]): Promise<unknown>
  /** Runs a script at the node of its keys; there is at least one. */
  script(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /**
   * Runs any operation: one that is made of several commands, or of somebody else who has the client. What it rejects with counts as a failure
   * of Redis.
   */
  run<T>(operation: (driver: RedisDriver) => Promise<T>): Promise<T>
}

export interface CircuitSettings {
  readonly timeoutSeconds: number
  readonly maxPending: number
}

export class Circuit implements RedisCircuit {
  readonly #store: string
  readonly #driver: RedisDriver
  readonly #breaker: Breaker
  readonly #reporter: Reporter
  readonly #settings: CircuitSettings
  /** Operations that have not settled, those that nobody waits for any more included: the client still holds them. */
  #pending = 0

  constructor(store: string, driver: RedisDriver, breaker: Breaker, reporter: Reporter, settings: CircuitSettings) {
    this.#store = store
    this.#driver = driver
    this.#breaker = breaker
    this.#reporter = reporter
    this.#settings = settings
  }

  command(key: string, name: string, ...args: string[]): Promise<unknown> {
    return this.run((driver) => driver.send(key, [name, ...args]))
  }

  script(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.run((driver) => runScript(driver, script, keys, args))
  }

  async run<T>(operation: (driver: RedisDriver) => Promise<T>): Promise<T> {
    if (this.#pending >= this.#settings.maxPending) throw this.#refused('too_many_pending')
    const admission = this.#breaker.admit()
    if (admission === undefined) throw this.#refused('circuit_open')
    const start = this.#reporter.start()
    try {
      const value = await this.#attempt(operation)
      if (this.#breaker.succeeded(admission)) this.#reporter.recovered(this.#store)
      this.#reporter.operation(this.#store, 'ok', start)
      return value
    } catch (error) {
      throw this.#failed(admission, start, error)
    }
  }

  #attempt<T>(operation: (driver: RedisDriver) => Promise<T>): Promise<T> {
    if (!this.#driver.isReady()) throw new RedisStoreError('not_ready')
    const answer = operation(this.#driver)
    this.#pending++
    const settled = () => {
      this.#pending--
    }
    answer.then(settled, settled)
    return withinSeconds(answer, this.#settings.timeoutSeconds, late)
  }

  #refused(failure: RedisFailure): RedisStoreError {
    this.#reporter.operation(this.#store, 'refused', 0, failure)
    return new RedisStoreError(failure)
  }

  #failed(admission: Admission, start: number, error: unknown): RedisStoreError {
    const failure = failureOf(error)
    if (this.#breaker.failed(admission)) this.#reporter.unavailable(this.#store, failure)
    this.#reporter.operation(this.#store, 'failed', start, failure)
    return error instanceof RedisStoreError ? error : new RedisStoreError(failure, { cause: error })
  }
}

const late = () => new RedisStoreError('timeout')

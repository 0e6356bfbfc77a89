import { type AuditLogger, ConfigurationError } from '@countersign/core'
import { checkInteger, checkMembers, checkNumber, checkText } from '@countersign/core/stores'
import { Breaker, type BreakerRuntime, SYSTEM_RUNTIME } from './breaker.js'
import { Circuit, type CircuitSettings, type RedisCircuit } from './circuit.js'
import { driverOf, type RedisClient, type RedisDriver } from './client.js'
import { checkEviction } from './eviction.js'
import { Reporter } from './reporter.js'

/** How stores reach Redis or Valkey. */
export interface RedisConnectionOptions {
  /** Of ioredis or node-redis: single, Sentinel or Cluster. Made, connected and closed by you; its `error` event is listened to. */
  readonly client: RedisClient
  /** What every key begins with. Default `countersign`. Without braces: they choose the slot. */
  readonly prefix?: string
  /** How long an answer is waited for. Default 0.25; 0.005 to 10. */
  readonly timeoutSeconds?: number
  /** A store that fails so many times in a row is not asked for a while. Default 5; 1 to 1000. */
  readonly failureLimit?: number
  /** For how long, and up to half as long again. Then one question is let through. Default 1; 0.05 to 60. */
  readonly openSeconds?: number
  /** How many operations of one store may wait for Redis at once: more fail at once. Default 1000; 1 to 100 000. */
  readonly maxPending?: number
  /** A pino logger fits. Told when a store is no longer available and when it is again. Default: process warnings; `null`: nobody. */
  readonly log?: AuditLogger | null
  /** For tests: time and chance. */
  readonly runtime?: Partial<BreakerRuntime>
}

/** A client with what stores need around it. */
export interface RedisConnection {
  readonly prefix: string
  /**
   * A way to Redis for one store.
   *
   * @param store - what is stored, for logs and metrics: `replay`
   */
  circuit(store: string): RedisCircuit
}

const MEMBERS = ['client', 'prefix', 'timeoutSeconds', 'failureLimit', 'openSeconds', 'maxPending', 'log', 'runtime']
const EVICTION_RETRY_SECONDS = 60
const LEVELS = ['info', 'warn', 'error'] as const

/**
 * Puts a deadline and a breaker around a client. Nothing is queued while it is not connected, whatever its own settings are.
 *
 * @throws {ConfigurationError} a `client` that is none, a number out of bounds, an unknown option
 */
export function redisConnection(options: RedisConnectionOptions): RedisConnection {
  checkMembers('redisConnection', options, MEMBERS)
  const { client, prefix = 'countersign', log, runtime } = options
  if (/[{}]/.test(checkText('prefix', prefix))) throw new ConfigurationError('prefix', 'must not contain braces')
  checkLog(log)
  const settings: BreakerAndCircuit = {
    timeoutSeconds: checkNumber('timeoutSeconds', options.timeoutSeconds ?? 0.25, 0.005, 10),
    failureLimit: checkInteger('failureLimit', options.failureLimit ?? 5, 1, 1000),
    openSeconds: checkNumber('openSeconds', options.openSeconds ?? 1, 0.05, 60),
    maxPending: checkInteger('maxPending', options.maxPending ?? 1000, 1, 100_000),
    runtime: { ...SYSTEM_RUNTIME, ...runtime },
  }
  return new Connection(driverOf(client), prefix, new Reporter(log), settings)
}

function checkLog(log: AuditLogger | null | undefined): void {
  if (log === undefined || log === null) return
  if (LEVELS.some((level) => typeof log[level] !== 'function')) {
    throw new ConfigurationError('log', 'must have info, warn and error, as a pino logger has; null writes nothing')
  }
}

interface BreakerAndCircuit extends CircuitSettings {
  readonly failureLimit: number
  readonly openSeconds: number
  readonly runtime: BreakerRuntime
}

class Connection implements RedisConnection {
  readonly prefix: string
  readonly #driver: RedisDriver
  readonly #reporter: Reporter
  readonly #settings: BreakerAndCircuit
  /** When the eviction policy may be asked for, by the monotonic clock; Infinity once it is known. */
  #checkEvictionFrom = Number.NEGATIVE_INFINITY

  constructor(driver: RedisDriver, prefix: string, reporter: Reporter, settings: BreakerAndCircuit) {
    this.prefix = prefix
    this.#driver = driver
    this.#reporter = reporter
    this.#settings = settings
  }

  circuit(store: string): RedisCircuit {
    const { failureLimit, openSeconds, runtime } = this.#settings
    const breaker = new Breaker(failureLimit, openSeconds, runtime)
    const driver: RedisDriver = {
      isReady: () => {
        const isReady = this.#driver.isReady()
        if (isReady) this.#checkEviction()
        return isReady
      },
      send: (key, args) => this.#driver.send(key, args),
    }
    return new Circuit(store, driver, breaker, this.#reporter, this.#settings)
  }

  /** Once there is a connection, beside the first operation: nobody waits for it. */
  #checkEviction(): void {
    const now = this.#settings.runtime.monotonic()
    if (now < this.#checkEvictionFrom) return
    this.#checkEvictionFrom = now + EVICTION_RETRY_SECONDS
    void checkEviction(this.#driver, this.#reporter).then((isKnown) => {
      if (isKnown) this.#checkEvictionFrom = Number.POSITIVE_INFINITY
    })
  }
}

import type { EventEmitter } from 'node:events'
import { ConfigurationError } from '@countersign/core'

/*
 * The clients, by their form: neither library is imported. Whatever a client's own settings are, a command is handed to it only while it is
 * connected, and goes to a master.
 */

/** `Redis` or `Cluster` of ioredis, with Sentinel too. */
export interface IoRedisClient {
  readonly status: string
  call(command: string, ...args: string[]): Promise<unknown>
}

/** `createClient` of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean
  sendCommand(args: string[], options?: object): Promise<unknown>
}

/** `createCluster` of node-redis. */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly slots: unknown
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
    options?: object,
  ): Promise<unknown>
}

/** `createSentinel` of node-redis. */
export interface NodeRedisSentinel {
  readonly isReady: boolean
  getSentinelNode(): unknown
  sendCommand(isReadonly: boolean | undefined, args: string[], options?: object): Promise<unknown>
}

export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel

/** A client of either library, as the stores use it. */
export interface RedisDriver {
  /** Whether a command would be sent now, not queued. */
  isReady(): boolean
  /**
   * Sends a command to the node of `key`: in a cluster all keys of `args` are in its slot. No deadline, no breaker.
   *
   * @param key - `undefined`: any node
   */
  send(key: string | undefined, args: readonly string[]): Promise<unknown>
}

/** @throws {ConfigurationError} `client`: it is neither an ioredis nor a node-redis client, or reads from replicas */
export function driverOf(client: unknown): RedisDriver {
  if (typeof client !== 'object' || client === null) throw noClient()
  const driver = ioredisDriver(client) ?? nodeRedisDriver(client)
  if (driver === undefined) throw noClient()
  listenToErrors(client)
  return driver
}

/** An `error` event that nobody listens to would end the process. How the connection is, the breaker says. */
function listenToErrors(client: object): void {
  const emitter = client as Partial<Pick<EventEmitter, 'on' | 'listeners'>>
  if (emitter.listeners?.('error').includes(ignore) === false) emitter.on?.('error', ignore)
}

function noClient(): ConfigurationError {
  return new ConfigurationError('client', 'must be a client of ioredis or node-redis (the package redis)')
}

const ignore = () => {}

function ioredisDriver(client: object): RedisDriver | undefined {
  if (!('status' in client && 'call' in client && typeof client.call === 'function')) return undefined
  const redis = client as IoRedisClient & { connect?(): Promise<unknown>; options?: { scaleReads?: unknown } }
  // What was revoked a moment ago may not be known to a replica yet.
  if ((redis.options?.scaleReads ?? 'master') !== 'master') {
    throw new ConfigurationError('client', "reads from replicas: scaleReads must be 'master'")
  }
  return {
    isReady() {
      // `lazyConnect`: the first command would connect, and none is sent before that.
      if (redis.status === 'wait') redis.connect?.().catch(ignore)
      return redis.status === 'ready'
    },
    send: (_key, [command = '', ...args]) => redis.call(command, ...args),
  }
}

/** A reply comes as text, whatever the client maps replies to by default. */
const AS_TEXT = { typeMapping: {} }

function nodeRedisDriver(client: object): RedisDriver | undefined {
  if (!('sendCommand' in client && typeof client.sendCommand === 'function')) return undefined
  if ('slots' in client && 'isOpen' in client) {
    const cluster = client as NodeRedisCluster & { readonly isReady?: boolean }
    return {
      isReady: () => cluster.isReady ?? cluster.isOpen,
      send: (key, args) => cluster.sendCommand(key, false, [...args], AS_TEXT),
    }
  }
  if (!('isReady' in client)) return undefined
  if ('getSentinelNode' in client) {
    const sentinel = client as NodeRedisSentinel
    return { isReady: () => sentinel.isReady, send: (_key, args) => sentinel.sendCommand(false, [...args], AS_TEXT) }
  }
  const redis = client as NodeRedisClient
  return { isReady: () => redis.isReady, send: (_key, args) => redis.sendCommand([...args], AS_TEXT) }
}

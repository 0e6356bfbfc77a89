import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { STORE_CHANNEL, type StoreEvent } from '@countersign/core'
import { onTestFinished } from 'vitest'
import { mint } from '../../conformance/src/foreign/mint.js'
import { type ConnectedClient, connectClient, type Library } from '../../conformance/src/redis/clients.js'
import type { Deployment } from '../../conformance/src/redis/deployments.js'
import { type RedisServer, type RedisServerOptions, startRedis } from '../../conformance/src/redis/server.js'
import { type RedisService, redisService } from '../../conformance/src/redis/service.js'
import { asService } from '../../conformance/src/requests.js'
import type { ProbeRequest } from '../../conformance/src/subject/subject.js'
import {
  type RedisConnectionOptions,
  type RedisReplayStoreOptions,
  redisConnection,
  redisReplayStore,
} from '../src/index.js'

/** A server that ends with the test. */
export async function aServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

export type Where = Pick<Deployment, 'kind' | 'ports'> | { readonly port: number }

/** A client that ends with the test. */
export async function aClient(library: Library, where: Where): Promise<ConnectedClient> {
  const deployment = 'port' in where ? ({ kind: 'single', ports: [where.port] } as const) : where
  const connected = await connectClient(library, deployment)
  onTestFinished(() => connected.close())
  return connected
}

/** What the operator reads. */
export interface Line {
  readonly level: string
  readonly record: object
  readonly message: string
}

export class Lines {
  readonly all: Line[] = []
  readonly info = this.#keep('info')
  readonly warn = this.#keep('warn')
  readonly error = this.#keep('error')

  /** Of how a store is, without what is said of eviction. */
  get changes(): readonly string[] {
    return this.all.map(({ level, message }) => `${level}: ${message}`).filter((text) => / store is /.test(text))
  }

  #keep(level: string) {
    return (record: object, message: string) => {
      this.all.push({ level, record, message })
    }
  }
}

/** Events of stores, until the test is over. */
export function storeEvents(): readonly StoreEvent[] {
  const events: StoreEvent[] = []
  const listen = (event: unknown) => void events.push(event as StoreEvent)
  subscribe(STORE_CHANNEL, listen)
  onTestFinished(() => void unsubscribe(STORE_CHANNEL, listen))
  return events
}

export interface Service extends RedisService {
  readonly lines: Lines
}

/** A service that remembers nonces in Redis, as the reference target does. */
export async function aService(
  library: Library,
  where: Where,
  options: Partial<RedisConnectionOptions> & RedisReplayStoreOptions = {},
): Promise<Service> {
  const { localEntries, ...more } = options
  const { client } = await aClient(library, where)
  const lines = new Lines()
  // A machine that is busy with other tests is not the store's fault: longer than the default.
  const redis = redisConnection({ client, log: lines, timeoutSeconds: 0.8, openSeconds: 0.1, ...more })
  const replay = redisReplayStore(redis, localEntries === undefined ? {} : { localEntries })
  return { ...redisService(replay), lines }
}

const seconds = () => Math.floor(Date.now() / 1000)

/** A request with a nonce of its own, unless told otherwise. */
export const signed = (nonce?: string): ProbeRequest =>
  asService({ timestamp: String(seconds()), ...(nonce === undefined ? {} : { nonce }) })

/** A request that needs no store. */
export const withGoodToken = (): ProbeRequest => ({
  target: '/echo',
  headers: [['authorization', `Bearer ${mint({ exp: seconds() + 60 })}`]],
})

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

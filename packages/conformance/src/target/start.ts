import type { AddressInfo } from 'node:net'
import type { AuditLogger, AuditRecord, FailureThrottle } from '@countersign/core'
import pino from 'pino'
import { expressServer } from './express.js'
import { express4Server } from './express4.js'
import { fastifyServer } from './fastify.js'
import { AttemptCounter } from './metrics.js'
import { openReplay } from './replay.js'
import { requestIdSent, type ServerCredentials } from './server.js'
import { routesOf, type TlsTarget } from './tls.js'
import { createTargetVerifier } from './verifier.js'

export const FRAMEWORKS = ['fastify', 'express', 'express4'] as const
export type Framework = (typeof FRAMEWORKS)[number]

export interface TargetOptions {
  readonly framework: Framework
  /** Default 0: any free port. */
  readonly port?: number
  /** NumericDate at which the clock stands still. Absent: the system's clock. */
  readonly now?: number | undefined
  /** A file to append audit records to, one JSON line each, written before the reply is. Absent: none is written. */
  readonly audit?: string | undefined
  /** How many nonces are remembered; absent: the store's default. */
  readonly replayEntries?: number | undefined
  /** Absent: nobody is throttled. */
  readonly throttle?: FailureThrottle | undefined
  /** Whether a peer on this machine is a proxy, whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: boolean | undefined
  /** Where the keys of the issuer are published. Absent: those of `target.json`. */
  readonly jwks?: URL | undefined
  /** Where nonces are remembered together with other targets. Absent: in this process. */
  readonly redis?: URL | undefined
  /** TLS that asks for client certificates. Absent: plain HTTP. */
  readonly tls?: (TlsTarget & { readonly credentials: ServerCredentials }) | undefined
}

export interface RunningTarget {
  readonly url: string
  close(): Promise<void>
}

/** A target in this process, which lets itself be looked into. */
export interface ObservedTarget extends RunningTarget {
  readonly framework: Framework
  /** Every audit record so far. */
  readonly records: readonly AuditRecord[]
  /** The request ids (`''` where the client sent none) for which a handler ran. */
  readonly handlerRuns: readonly string[]
}

/** How long requests in flight may take once the target is told to end. */
const CLOSE_MILLISECONDS = 5000

/** Starts a target on 127.0.0.1. */
export function runTarget(options: TargetOptions): Promise<RunningTarget> {
  return listen(options, fileLogger(options), () => {})
}

/** Starts a target on 127.0.0.1 and keeps what it did: for tests, not for load. */
export async function startTarget(options: TargetOptions): Promise<ObservedTarget> {
  const records: AuditRecord[] = []
  const handlerRuns: string[] = []
  const file = fileLogger(options)
  const write = (level: keyof AuditLogger) => (record: object, message: string) => {
    records.push(record as AuditRecord)
    file?.[level](record, message)
  }
  const audit: AuditLogger = { info: write('info'), warn: write('warn'), error: write('error') }
  const running = await listen(options, audit, (id) => handlerRuns.push(id))
  return { ...running, framework: options.framework, records, handlerRuns }
}

function fileLogger({ audit, now }: TargetOptions): AuditLogger | null {
  if (audit === undefined) return null
  const timestamp = now === undefined ? true : () => `,"time":${now * 1000}`
  return pino({ timestamp }, pino.destination({ dest: audit, append: true, sync: true }))
}

async function listen(
  { framework, port = 0, now, replayEntries, throttle, trustProxy = false, jwks, redis, tls }: TargetOptions,
  audit: AuditLogger | null,
  onHandler: (requestId: string) => void,
): Promise<RunningTarget> {
  const clock = now === undefined ? undefined : () => now
  const { replay, disconnect } = openReplay(redis, replayEntries)
  const verifier = createTargetVerifier({ clock, audit, replay, throttle, jwks, tls })
  // Not waited for: a target whose keys cannot be had yet starts, is not ready, and becomes so by itself.
  if (jwks !== undefined) verifier.warmup().catch(() => {})
  const attempts = new AttemptCounter()
  const create = { fastify: fastifyServer, express: expressServer, express4: express4Server }[framework]
  const context = {
    verifier,
    attempts,
    routes: routesOf(tls),
    credentials: tls?.credentials,
    trustProxy,
    onHandler: (message: { readonly rawHeaders: string[] }) => onHandler(requestIdSent(message) ?? ''),
  }
  const { server, close } = await create(context)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    // Listening on a host and a port, so the address is an AddressInfo.
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_MILLISECONDS)
      await close()
      clearTimeout(deadline)
      attempts.close()
      await verifier.close()
      disconnect()
    },
  }
}

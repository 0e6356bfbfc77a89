import type { AuditRecord, FailureThrottle } from '@countersign/core'
import type { IdentityName } from '../foreign/certificates.js'
import type { Header } from '../foreign/sign.js'
import type { TlsTarget } from '../target/tls.js'

/** A request as a probe says it. Values are bytes in Latin-1. */
export interface ProbeRequest {
  /** Default GET. */
  readonly method?: string
  readonly target: string
  readonly headers?: readonly Header[]
  readonly body?: string | Uint8Array
  /** Default `length`. `none` announces no body, whatever follows. */
  readonly framing?: 'length' | 'chunked' | 'none'
  /** Default `target.test`. */
  readonly host?: string
  /** The client's certificate, where the target speaks TLS. Absent: none. */
  readonly certificate?: IdentityName
}

export const SUBJECTS = ['core', 'fastify', 'express', 'express4'] as const
export type SubjectName = (typeof SUBJECTS)[number]

export interface SubjectOptions {
  readonly now: number
  readonly replayEntries?: number
  /** Behind TLS that asks for client certificates, with the scheme `mtls`. */
  readonly tls?: TlsTarget
  /** Absent: nobody is throttled. */
  readonly throttle?: FailureThrottle
  /** Whether the framework takes this machine for a proxy. Core by itself knows none. */
  readonly trustProxy?: boolean
}

/** Something that answers requests and can be looked into: a running target, or core by itself. */
export interface Subject {
  readonly name: SubjectName
  readonly records: readonly AuditRecord[]
  /** The request ids for which a handler ran. */
  readonly handlerRuns: readonly string[]
  /** The whole answer, as bytes in Latin-1. */
  exchange(request: ProbeRequest): Promise<string>
  /** Writes bytes on a connection and reads until it is closed; absent where there is none. */
  exchangeBytes?(bytes: Buffer): Promise<string>
  /** Writes bytes, waits for nothing and hangs up; resolves when `isOver` says so. Absent where there is no connection. */
  abandon?(bytes: Buffer, isOver: () => boolean): Promise<void>
  close(): Promise<void>
}

import { createHash } from 'node:crypto'
import type { RefreshFamily, RefreshGrant, RefreshOutcome, RefreshStore, RefreshUse } from '@countersign/issuer'
import type { RedisCircuit } from './circuit.js'
import type { RedisConnection } from './connection.js'
import { RedisStoreError } from './failure.js'
import { END, LIST, START, USE } from './refresh-scripts.js'

/** How far a process's clock may be behind the clock of Redis, or go back, and still find its sessions. */
const MARGIN_SECONDS = 300

/** How long Redis keeps beyond the grace what makes a successor again. */
const SALT_MARGIN_SECONDS = 5

/**
 * Sessions that many processes share: each use of a refresh token is one script, which Redis runs in one piece. A Redis that loses its data ends
 * them all; one that falls back to older data, as a replica that takes over may, ends those that were refreshed since.
 *
 * A session is in one slot of a cluster, the list of a subject's sessions in another: ending all of them is a step for each.
 */
export function redisRefreshStore(redis: RedisConnection): RefreshStore {
  return new SharedFamilies(redis.circuit('refresh'), redis.prefix)
}

class SharedFamilies implements RefreshStore {
  readonly #circuit: RedisCircuit
  readonly #prefix: string

  constructor(circuit: RedisCircuit, prefix: string) {
    this.#circuit = circuit
    this.#prefix = prefix
  }

  async start(family: RefreshFamily, now: number): Promise<void> {
    const { id, familyHash, tokenHash, grant, startedAt, expiresAt, idleSeconds, graceSeconds } = family
    const listed = this.#subjectKey(grant.subject)
    // Listed first: a session that nobody can find by its subject could not be ended with the others.
    await this.#list(listed, id, expiresAt, now)
    const args = [
      JSON.stringify(family),
      familyHash,
      tokenHash,
      ...[startedAt, expiresAt, idleSeconds, graceSeconds].map(String),
    ]
    const reply = await this.#circuit.script(
      START,
      [this.#familyKey(id)],
      [...args, milliseconds(idleEnd(family) - now)],
    )
    if (reply === 'EXISTS') throw new RedisStoreError('unexpected_reply')
    expectReply(reply, 'OK')
  }

  async #list(key: string, id: string, expiresAt: number, now: number): Promise<void> {
    const args = [String(now - MARGIN_SECONDS), String(expiresAt), id, milliseconds(expiresAt - now)]
    expectReply(await this.#circuit.script(LIST, [key], args), 'OK')
  }

  async find(familyId: string): Promise<RefreshFamily | undefined> {
    const key = this.#familyKey(familyId)
    const text = await this.#circuit.command(key, 'HGET', key, 'family')
    return text === null ? undefined : readFamily(text)
  }

  async use({ familyId, familyHash, tokenHash, successor, now }: RefreshUse): Promise<RefreshOutcome> {
    const key = this.#familyKey(familyId)
    const next = successor === undefined ? ['', ''] : [successor.tokenHash, successor.salt]
    const margins = [MARGIN_SECONDS, SALT_MARGIN_SECONDS].map(String)
    const reply = await this.#circuit.script(
      USE,
      [key, `${key}:salt`],
      [familyHash, tokenHash, String(now), ...next, ...margins],
    )
    return readOutcome(reply)
  }

  async end(familyId: string, now: number): Promise<boolean> {
    return (await this.#end(familyId, now)) === 'LIVE'
  }

  async endSubject(subject: string, now: number): Promise<readonly string[]> {
    const key = this.#subjectKey(subject)
    const ids = await this.#circuit.command(key, 'ZRANGE', key, '0', '-1')
    if (!isTexts(ids)) throw new RedisStoreError('unexpected_reply')
    const ended = await Promise.all(ids.map(async (id) => ((await this.#end(id, now)) === 'GONE' ? [] : [id])))
    return ended.flat()
  }

  async #end(familyId: string, now: number): Promise<'LIVE' | 'OVER' | 'GONE'> {
    const key = this.#familyKey(familyId)
    return expectReply(await this.#circuit.script(END, [key, `${key}:salt`], [String(now)]), 'LIVE', 'OVER', 'GONE')
  }

  async ready(): Promise<boolean> {
    const key = `${this.#prefix}:refresh:{ready}`
    return (await this.#circuit.command(key, 'SET', key, '', 'PX', '1000')) === 'OK'
  }

  #familyKey(id: string): string {
    return `${this.#prefix}:refresh:{${id}}`
  }

  /** By its hash: a subject may be an address, of any length. */
  #subjectKey(subject: string): string {
    return `${this.#prefix}:refresh-subject:{${createHash('sha256').update(subject).digest('base64url')}}`
  }
}

function idleEnd({ startedAt, idleSeconds, expiresAt }: RefreshFamily): number {
  return Math.min(startedAt + idleSeconds, expiresAt)
}

function milliseconds(seconds: number): string {
  return String(Math.ceil((Math.max(seconds, 0) + MARGIN_SECONDS) * 1000))
}

function expectReply<T extends string>(reply: unknown, ...known: readonly T[]): T {
  const found = known.find((word) => word === reply)
  if (found === undefined) throw new RedisStoreError('unexpected_reply')
  return found
}

function readOutcome(reply: unknown): RefreshOutcome {
  const [outcome, idleExpiresAt, salt] = isTexts(reply) ? reply : []
  switch (outcome) {
    case 'reused':
    case 'revoked':
    case 'expired':
    case 'unknown':
      return { outcome }
    case 'used':
      return { outcome, idleExpiresAt: readSeconds(idleExpiresAt) }
    case 'retried':
      if (salt === undefined || salt === '') throw new RedisStoreError('unexpected_reply')
      return { outcome, salt, idleExpiresAt: readSeconds(idleExpiresAt) }
    default:
      throw new RedisStoreError('unexpected_reply')
  }
}

function readSeconds(text: string | undefined): number {
  const seconds = text === undefined || text === '' ? Number.NaN : Number(text)
  if (Number.isNaN(seconds)) throw new RedisStoreError('unexpected_reply')
  return seconds
}

/** What this store wrote; a value that it did not write is an error, not a session. */
function readFamily(text: unknown): RefreshFamily {
  try {
    const family = typeof text === 'string' ? JSON.parse(text) : undefined
    if (typeof family?.id === 'string' && typeof family.familyHash === 'string' && isGrant(family.grant)) return family
  } catch {
    // Below: the error of JSON.parse quotes the text.
  }
  throw new RedisStoreError('unexpected_reply')
}

function isGrant(grant: Partial<RefreshGrant> | undefined): grant is RefreshGrant {
  return typeof grant?.subject === 'string' && typeof grant.clientId === 'string' && isTexts(grant.audience)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

import {
  type RevocableCredentials,
  type RevocationEntry,
  RevocationError,
  type RevocationStore,
} from '@countersign/core'
import { type KeptRevocation, readRevocation, revocationNames, revokes } from '@countersign/core/stores'
import type { RedisCircuit } from './circuit.js'
import type { RedisConnection } from './connection.js'
import { RedisStoreError } from './failure.js'
import { redisScript } from './script.js'

/** How far a verifier's clock may be behind the clock of Redis, or go back, without missing an entry. */
const MARGIN_SECONDS = 300

/**
 * A revocation store that many processes share: in force everywhere as soon as `revoke` resolves. One question to Redis for each credential. Both
 * methods reject with `RedisStoreError` where Redis does not answer in time, whatever was to be kept then perhaps being kept.
 *
 * All entries are in one slot of a cluster, so that one question is enough.
 */
export function redisRevocation(redis: RedisConnection): RevocationStore {
  return new SharedRevocation(redis.circuit('revocation'), `${redis.prefix}:{revocation}:`)
}

/**
 * KEYS[1] an entry; ARGV its end and its beginning, as they are kept, and when Redis may forget it, or nothing. Keeps the later of what there is
 * and what is said.
 */
const REVOKE = redisScript(`
local function seconds(text)
  return text == 'never' and math.huge or assert(tonumber(text))
end
local expiresAt, issuedBefore = ARGV[1], ARGV[2]
local kept = redis.call('GET', KEYS[1])
if kept then
  local keptExpiresAt, keptIssuedBefore = string.match(kept, '^(%S+) (%S+)$')
  if seconds(keptExpiresAt) > seconds(expiresAt) then expiresAt = keptExpiresAt end
  if seconds(keptIssuedBefore) > seconds(issuedBefore) then issuedBefore = keptIssuedBefore end
end
redis.call('SET', KEYS[1], expiresAt .. ' ' .. issuedBefore)
if expiresAt ~= 'never' then
  redis.call('EXPIREAT', KEYS[1], string.format('%.0f', math.ceil(seconds(expiresAt) + tonumber(ARGV[3]))))
end
return redis.status_reply('OK')
`)

class SharedRevocation implements RevocationStore {
  readonly #circuit: RedisCircuit
  readonly #prefix: string
  /** By the clock of the verifier that asked. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(circuit: RedisCircuit, prefix: string) {
    this.#circuit = circuit
    this.#prefix = prefix
  }

  async revoke(entry: RevocationEntry): Promise<void> {
    const { name, expiresAt, issuedBefore } = readRevocation(entry)
    const args = [text(expiresAt), text(issuedBefore), String(MARGIN_SECONDS)]
    const reply = await this.#circuit.script(REVOKE, [this.#prefix + name], args)
    if (reply !== 'OK') throw new RedisStoreError('unexpected_reply')
  }

  async isRevoked(credentials: RevocableCredentials, now: number): Promise<boolean> {
    this.#latest = Math.max(this.#latest, now)
    // A clock that was set back asks for a time whose entries may be gone: what cannot be known is not let in.
    if (now < this.#latest - MARGIN_SECONDS) {
      throw new RevocationError('The clock went back beyond what is remembered')
    }
    const keys = revocationNames(credentials).map((name) => this.#prefix + name)
    const [first] = keys
    if (first === undefined) return false
    const entries = await this.#circuit.run(async (driver) => {
      return readEntries(await driver.send(first, ['MGET', ...keys]), keys.length)
    })
    return entries.some((kept) => revokes(kept, credentials.issuedAt, now))
  }

  async ready(): Promise<boolean> {
    const key = `${this.#prefix}ready`
    return (await this.#circuit.command(key, 'GET', key)) === null
  }
}

/** An entry that cannot be read revokes nothing that anybody knows of: it is an error, not an answer. */
function readEntries(reply: unknown, count: number): readonly KeptRevocation[] {
  if (!Array.isArray(reply) || reply.length !== count) throw new RedisStoreError('unexpected_reply')
  return reply.filter((kept) => kept !== null).map(readEntry)
}

function readEntry(kept: unknown): KeptRevocation {
  const [, expiresAt, issuedBefore] =
    (typeof kept === 'string' && /^([\d.e-]+|never) ([\d.e-]+|never)$/.exec(kept)) || []
  const entry = { expiresAt: seconds(expiresAt), issuedBefore: seconds(issuedBefore) }
  if (Number.isNaN(entry.expiresAt) || Number.isNaN(entry.issuedBefore)) throw new RedisStoreError('unexpected_reply')
  return entry
}

const text = (moment: number) => (moment === Number.POSITIVE_INFINITY ? 'never' : String(moment))
const seconds = (moment: string | undefined) => (moment === 'never' ? Number.POSITIVE_INFINITY : Number(moment))

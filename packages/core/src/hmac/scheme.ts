import { randomBytes } from 'node:crypto'
import { checkContentSha256 } from '../body/digest.js'
import { equalHexInConstantTime } from '../bytes.js'
import { type Awaitable, chain } from '../chain.js'
import { isThenable, withinSeconds } from '../deadline.js'
import { ConfigurationError, refusal } from '../errors.js'
import { hmacChallenge } from '../http/challenge.js'
import { singleField } from '../http/field.js'
import { pathAndQuery } from '../http/target.js'
import { type HmacKey, type HmacKeyLookup, type HmacKeySource, isWithdrawn, keyState } from '../key.js'
import { DEFAULT_REPORT_SECONDS, noteUse } from '../keys/key-use.js'
import { secretKey } from '../keys/secret.js'
import { checkInteger, checkMembers, checkNumber } from '../options.js'
import type { Principal } from '../principal.js'
import type { BodyLimits } from '../request-view.js'
import type { RevocationGuard } from '../revocation/revocation.js'
import type { AttemptContext, Presented, Scheme, SchemeHealth, SchemeOptions, SchemeSetup } from '../scheme.js'
import { canonicalText } from './canonical.js'
import { checkFreshness } from './freshness.js'
import { bodyTimestampMac, requestMac } from './mac.js'
import { type BodyTimestampParameters, type RequestParameters, readParameters } from './parameters.js'
import type { ReplayStore } from './replay.js'

/** How HMAC-signed requests are verified. */
export interface HmacOptions {
  /** The clients' secrets: `keyRing([…])`. */
  readonly keys: HmacKeySource
  /** Where seen nonces are remembered: `memoryReplayStore()`. Required; `null` lets every signed request be replayed. */
  readonly replay: ReplayStore | null
  /** How long its answer is waited for: then the request is refused with 503, its nonce perhaps spent. Default 1. */
  readonly replayTimeoutSeconds?: number
  /** How far a timestamp may be from the clock here, in either direction. Default 300, at most 3600. */
  readonly windowSeconds?: number
  /** The largest body of a signed request. Default 1 048 576 (1 MiB). */
  readonly bodyLimitBytes?: number
  /** How long a body may take to arrive. Default 30. */
  readonly bodyTimeoutSeconds?: number
}

/**
 * The scheme of HMAC-signed requests: two wire formats, chosen key by key on the server.
 *
 * @throws {ConfigurationError} a missing `keys` or `replay`, a number that is none or out of bounds, an unknown option
 */
export function hmac(options: HmacOptions): SchemeOptions {
  checkMembers('hmac', options, [
    'keys',
    'replay',
    'replayTimeoutSeconds',
    'windowSeconds',
    'bodyLimitBytes',
    'bodyTimeoutSeconds',
  ])
  if (typeof options.keys?.open !== 'function') throw new ConfigurationError('hmac.keys', 'is required: keyRing([…])')
  if (options.replay !== null && typeof options.replay?.claim !== 'function') {
    throw new ConfigurationError(
      'hmac.replay',
      'is required: memoryReplayStore(); null, written out, lets requests be replayed',
    )
  }
  const replayTimeoutSeconds = checkNumber('hmac.replayTimeoutSeconds', options.replayTimeoutSeconds ?? 1, 0.001, 60)
  const windowSeconds = checkInteger('hmac.windowSeconds', options.windowSeconds ?? 300, 1, 3600)
  const limits: BodyLimits = {
    limitBytes: checkInteger('hmac.bodyLimitBytes', options.bodyLimitBytes ?? 1_048_576, 0, 2 ** 31),
    timeoutSeconds: checkNumber('hmac.bodyTimeoutSeconds', options.bodyTimeoutSeconds ?? 30, 0.001, 3600),
  }
  return {
    open: (setup) =>
      new HmacScheme(setup, options.keys, options.replay, { windowSeconds, replayTimeoutSeconds, limits }),
  }
}

interface HmacSettings {
  readonly windowSeconds: number
  readonly replayTimeoutSeconds: number
  readonly limits: BodyLimits
}

/** Stands in for the secret of an unknown key, so that an unknown id takes the work of a wrong MAC. */
const NOBODYS_SECRET = secretKey(randomBytes(32))

const VISIBLE_ASCII = /^[\t\x20-\x7e]*$/

class HmacScheme implements Scheme {
  readonly name = 'hmac'
  readonly audience: string
  readonly keys: HmacKeyLookup
  readonly replay: ReplayStore | null
  readonly settings: HmacSettings
  readonly #keyReportSeconds: number
  readonly #revocation: RevocationGuard | undefined

  constructor(setup: SchemeSetup, keys: HmacKeySource, replay: ReplayStore | null, settings: HmacSettings) {
    if (setup.audience?.includes('\n')) throw new ConfigurationError('audience', 'contains a line feed')
    this.audience = setup.audience ?? ''
    this.keys = keys.open({ clock: setup.clock, option: `${setup.option}.keys` })
    this.replay = replay
    this.settings = settings
    this.#keyReportSeconds = setup.keyReportSeconds ?? DEFAULT_REPORT_SECONDS
    this.#revocation = setup.revocation
  }

  present(context: AttemptContext): Presented | undefined {
    const parameters = readParameters(context.view.rawHeaders)
    if (parameters === undefined) return undefined
    if ('keyId' in parameters) return new SignedRequest(this, context, parameters)
    return new SignedBody(this, context, parameters)
  }

  challenge(realm: string, reason: Parameters<Scheme['challenge']>[1]): string {
    return hmacChallenge(realm, reason)
  }

  warmup(): Awaitable<void> {
    return this.keys.warmup()
  }

  health(now: number): Awaitable<SchemeHealth> {
    const keys = this.keys.health(now)
    if (this.replay === null) return { scheme: 'hmac', ready: keys.ready, keys: [keys] }
    return chain(this.#replayReady(now), keys, (ready): SchemeHealth => {
      return { scheme: 'hmac', ready: ready && keys.ready, keys: [keys], replayStore: { ready } }
    })
  }

  /** A store that cannot answer is not ready: the question itself must not fail. */
  #replayReady(now: number): Awaitable<boolean> {
    try {
      const ready: Awaitable<boolean> = this.replay?.ready?.(now) ?? true
      return isThenable(ready) ? this.#inTime(ready).then(isTrue, isNot) : ready === true
    } catch {
      return false
    }
  }

  close(): Awaitable<void> {
    return chain(this.keys.close(), this.replay, (_, replay) => replay?.close?.())
  }

  /** Takes a key whose MAC held, if it is active and not revoked. */
  accept(key: HmacKey, now: number): Awaitable<Principal> {
    noteUse(key, now, this.#keyReportSeconds)
    if (keyState(key, now) !== 'active') throw refusal(this.whyInactive(key, now))
    if (this.#revocation === undefined) return key.principal
    const checked = this.#revocation.check({ scheme: 'hmac', keyId: key.id }, now, 'key_inactive')
    return chain(checked, key.principal, (_, principal) => principal)
  }

  /** Where no key at all is active the fault is ours: a gap in rotation must not read as an attack. A key that was ended is no gap. */
  whyInactive(key: HmacKey, now: number): 'key_inactive' | 'keys_unavailable' {
    return isWithdrawn(key) || this.keys.isUsable(now) ? 'key_inactive' : 'keys_unavailable'
  }

  /** Remembers `id` for as long as its timestamp would be accepted. */
  claim(id: string, timestamp: string, now: number): Awaitable<void> {
    if (this.replay === null) return
    let claimed: boolean | PromiseLike<boolean>
    try {
      // A timestamp is acceptable until its last second is over.
      claimed = this.replay.claim(id, Number(timestamp) + this.settings.windowSeconds + 1, now)
    } catch {
      throw refusal('replay_store_unavailable')
    }
    if (!isThenable(claimed)) return checkClaimed(claimed)
    return this.#inTime(claimed).then(checkClaimed, () => {
      throw refusal('replay_store_unavailable')
    })
  }

  #inTime<T>(answer: PromiseLike<T>): Promise<T> {
    return withinSeconds(answer, this.settings.replayTimeoutSeconds, () => refusal('replay_store_unavailable'))
  }
}

const isTrue = (ready: boolean): boolean => ready === true
const isNot = (): boolean => false

/** Anything but a plain `true` is not a claim: a store that answers something else has not done its work. */
function checkClaimed(claimed: boolean): void {
  if (claimed === false) throw refusal('replayed')
  if (claimed !== true) throw refusal('replay_store_unavailable')
}

/** A request of the profile `request`. Reads as the protocol page: freshness, key, MAC, then body digest, then replay. */
class SignedRequest implements Presented {
  readonly scheme = 'hmac'
  readonly isBound = true
  readonly #scheme: HmacScheme
  readonly #context: AttemptContext
  readonly #parameters: RequestParameters

  constructor(scheme: HmacScheme, context: AttemptContext, parameters: RequestParameters) {
    this.#scheme = scheme
    this.#context = context
    this.#parameters = parameters
  }

  authenticate(): Awaitable<Principal> {
    const { now, facts } = this.#context
    facts.keyId = this.#parameters.keyId
    checkFreshness(this.#parameters.timestamp, now, this.#scheme.settings.windowSeconds)
    return chain(this.#scheme.keys.find(this.#parameters.keyId, now), this, checkSignature)
  }

  checkSignature(key: HmacKey | undefined): Awaitable<Principal> {
    const { keyId, timestamp, nonce, contentSha256, algorithm, mac } = this.#parameters
    const { view, now } = this.#context
    const contentType = singleField(view.rawHeaders, 'content-type') ?? ''
    const target = pathAndQuery(view)
    if (!VISIBLE_ASCII.test(contentType) || !VISIBLE_ASCII.test(target)) throw refusal('malformed_credentials')
    const text = canonicalText({
      keyId,
      timestamp,
      nonce,
      audience: this.#scheme.audience,
      method: view.method,
      target,
      contentType,
      authorization: singleField(view.rawHeaders, 'authorization'),
      contentSha256,
    })
    const computed = requestMac(algorithm, key?.secret ?? NOBODYS_SECRET, text)
    const matches = equalHexInConstantTime(computed, mac)
    if (key === undefined || key.profile !== 'request')
      throw refusal(this.#scheme.keys.isUsable(now) ? 'key_unknown' : 'keys_unavailable')
    if (matches && algorithm === key.algorithm) return this.#scheme.accept(key, now)
    throw refusal(keyState(key, now) === 'active' ? 'signature_invalid' : this.#scheme.whyInactive(key, now))
  }

  complete(): Awaitable<void> {
    return chain(this.#context.view.readBody(this.#scheme.settings.limits), this, checkBodyThenReplay)
  }

  checkBodyThenReplay(body: Buffer): Awaitable<void> {
    const { keyId, timestamp, nonce, contentSha256 } = this.#parameters
    checkContentSha256(body, contentSha256)
    return this.#scheme.claim(`${keyId} ${nonce}`, timestamp, this.#context.now)
  }
}

const checkSignature = (key: HmacKey | undefined, request: SignedRequest) => request.checkSignature(key)
const checkBodyThenReplay = (body: Buffer, request: SignedRequest) => request.checkBodyThenReplay(body)

/** A request of the profile `body-timestamp`, which names no key and must be read whole before anything is known. */
class SignedBody implements Presented {
  readonly scheme = 'hmac'
  /** The MAC covers no header, Authorization neither. */
  readonly isBound = false
  readonly #scheme: HmacScheme
  readonly #context: AttemptContext
  readonly #parameters: BodyTimestampParameters
  #key: HmacKey | undefined

  constructor(scheme: HmacScheme, context: AttemptContext, parameters: BodyTimestampParameters) {
    this.#scheme = scheme
    this.#context = context
    this.#parameters = parameters
  }

  authenticate(): Awaitable<Principal> {
    const { now } = this.#context
    checkFreshness(this.#parameters.timestamp, now, this.#scheme.settings.windowSeconds)
    return chain(this.#scheme.keys.bodyTimestampKeys(now), this, findAcceptedKeys)
  }

  readBodyFor(keys: readonly HmacKey[]): Awaitable<Principal> {
    // The headers of the profile `request` are missing, and no key is enabled that could do without them.
    if (keys.length === 0) throw refusal('malformed_credentials')
    const path = pathAndQuery(this.#context.view).split('?', 1)[0] as string
    const accepted = keys.filter((key) => isAcceptedAt(key, this.#context.view.method, path))
    if (accepted.length === 0) throw refusal('key_unknown')
    return chain(this.#context.view.readBody(this.#scheme.settings.limits), this, (body) =>
      this.#tryKeys(accepted, body),
    )
  }

  complete(): Awaitable<void> {
    const { mac, timestamp } = this.#parameters
    if (this.#key?.refuseRepeats !== true) return
    // Asked for, and nowhere to remember it: not refusing repeats silently would be the unsafe side.
    if (this.#scheme.replay === null) throw refusal('replay_store_unavailable')
    return this.#scheme.claim(`${this.#key.id} mac ${mac}`, timestamp, this.#context.now)
  }

  #tryKeys(keys: readonly HmacKey[], body: Buffer): Awaitable<Principal> {
    const { mac, timestamp } = this.#parameters
    const key = keys.find((candidate) =>
      equalHexInConstantTime(bodyTimestampMac(candidate.secret, body, timestamp), mac),
    )
    if (key === undefined) throw refusal('signature_invalid')
    this.#context.facts.keyId = key.id
    this.#key = key
    return this.#scheme.accept(key, this.#context.now)
  }
}

const findAcceptedKeys = (keys: readonly HmacKey[], request: SignedBody) => request.readBodyFor(keys)

function isAcceptedAt(key: HmacKey, method: string, path: string): boolean {
  if (key.methods !== undefined && !key.methods.has(method)) return false
  if (key.paths === undefined) return true
  return key.paths.some((pattern) => {
    if (!pattern.endsWith('*')) return path === pattern
    return path.startsWith(pattern.slice(0, -1)) && !DOT_SEGMENT.test(path)
  })
}

/** A `.` or `..` however spelt: routers leave it standing, but whoever resolves it behind them leaves the prefix. */
const DOT_SEGMENT = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i

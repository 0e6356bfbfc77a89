import { equalHexInConstantTime } from '../bytes.js'
import { type Awaitable, chain } from '../chain.js'
import { refusal } from '../errors.js'
import { pathAndQuery } from '../http/target.js'
import type { HmacKey } from '../key.js'
import type { Principal } from '../principal.js'
import type { AttemptContext, Presented } from '../scheme.js'
import { checkFreshness } from './freshness.js'
import { bodyTimestampMac } from './mac.js'
import type { BodyTimestampParameters } from './parameters.js'
import type { HmacTerms } from './terms.js'

/** A request of the profile `body-timestamp`, which names no key and must be read whole before anything is known. */
export class SignedBody implements Presented {
  readonly scheme = 'hmac'
  /** The MAC covers no header, Authorization neither. */
  readonly isBound = false
  readonly #terms: HmacTerms
  readonly #context: AttemptContext
  readonly #parameters: BodyTimestampParameters
  #key: HmacKey | undefined

  constructor(terms: HmacTerms, context: AttemptContext, parameters: BodyTimestampParameters) {
    this.#terms = terms
    this.#context = context
    this.#parameters = parameters
  }

  authenticate(): Awaitable<Principal> {
    const { now } = this.#context
    checkFreshness(this.#parameters.timestamp, now, this.#terms.settings.windowSeconds)
    return chain(this.#terms.keys.bodyTimestampKeys(now), this, findAcceptedKeys)
  }

  readBodyFor(keys: readonly HmacKey[]): Awaitable<Principal> {
    // The headers of the profile `request` are missing, and no key is enabled that could do without them.
    if (keys.length === 0) throw refusal('malformed_credentials')
    const path = pathAndQuery(this.#context.view).split('?', 1)[0] as string
    const accepted = keys.filter((key) => isAcceptedAt(key, this.#context.view.method, path))
    if (accepted.length === 0) throw refusal('key_unknown')
    return chain(this.#context.view.readBody(this.#terms.settings.limits), this, (body) =>
      this.#tryKeys(accepted, body),
    )
  }

  complete(): Awaitable<void> {
    const { mac, timestamp } = this.#parameters
    if (this.#key?.refuseRepeats !== true) return
    // Asked for, and nowhere to remember it: not refusing repeats silently would be the unsafe side.
    if (this.#terms.settings.replay === null) throw refusal('replay_store_unavailable')
    return this.#terms.claim(`${this.#key.id} mac ${mac}`, timestamp, this.#context.now)
  }

  #tryKeys(keys: readonly HmacKey[], body: Buffer): Awaitable<Principal> {
    const { mac, timestamp } = this.#parameters
    const key = keys.find((candidate) =>
      equalHexInConstantTime(bodyTimestampMac(candidate.secret, body, timestamp), mac),
    )
    if (key === undefined) throw refusal('signature_invalid')
    this.#context.facts.keyId = key.id
    this.#key = key
    return this.#terms.accept(key, this.#context.now)
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

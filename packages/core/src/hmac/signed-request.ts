import { randomBytes } from 'node:crypto'
import { checkContentSha256 } from '../body/digest.js'
import { equalHexInConstantTime } from '../bytes.js'
import { type Awaitable, chain } from '../chain.js'
import { refusal } from '../errors.js'
import { singleField } from '../http/field.js'
import { pathAndQuery } from '../http/target.js'
import { type HmacKey, keyState } from '../key.js'
import { secretKey } from '../keys/secret.js'
import type { Principal } from '../principal.js'
import type { AttemptContext, Presented } from '../scheme.js'
import { canonicalText } from './canonical.js'
import { checkFreshness } from './freshness.js'
import { requestMac } from './mac.js'
import type { RequestParameters } from './parameters.js'
import type { HmacTerms } from './terms.js'

/** Stands in for the secret of an unknown key, so that an unknown id takes the work of a wrong MAC. */
const NOBODYS_SECRET = secretKey(randomBytes(32))

const VISIBLE_ASCII = /^[\t\x20-\x7e]*$/

/** A request of the profile `request`. Reads as the protocol page: freshness, key, MAC, then body digest, then replay. */
export class SignedRequest implements Presented {
  readonly scheme = 'hmac'
  readonly isBound = true
  readonly #terms: HmacTerms
  readonly #context: AttemptContext
  readonly #parameters: RequestParameters

  constructor(terms: HmacTerms, context: AttemptContext, parameters: RequestParameters) {
    this.#terms = terms
    this.#context = context
    this.#parameters = parameters
  }

  claimedName(): string {
    return this.#parameters.keyId
  }

  authenticate(): Awaitable<Principal> {
    const { now, facts } = this.#context
    facts.keyId = this.#parameters.keyId
    checkFreshness(this.#parameters.timestamp, now, this.#terms.settings.windowSeconds)
    return chain(this.#terms.keys.find(this.#parameters.keyId, now), this, checkSignature)
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
      audience: this.#terms.settings.audience,
      method: view.method,
      target,
      contentType,
      authorization: singleField(view.rawHeaders, 'authorization'),
      contentSha256,
    })
    const computed = requestMac(algorithm, key?.secret ?? NOBODYS_SECRET, text)
    const matches = equalHexInConstantTime(computed, mac)
    if (key === undefined || key.profile !== 'request') throw refusal(this.#terms.whyUnknown(now))
    if (matches && algorithm === key.algorithm) return this.#terms.accept(key, now)
    throw refusal(keyState(key, now) === 'active' ? 'signature_invalid' : this.#terms.whyInactive(key, now))
  }

  complete(): Awaitable<void> {
    return chain(this.#context.view.readBody(this.#terms.settings.limits), this, checkBodyThenReplay)
  }

  checkBodyThenReplay(body: Buffer): Awaitable<void> {
    const { keyId, timestamp, nonce, contentSha256 } = this.#parameters
    checkContentSha256(body, contentSha256)
    return this.#terms.claim(`${keyId} ${nonce}`, timestamp, this.#context.now)
  }
}

const checkSignature = (key: HmacKey | undefined, request: SignedRequest) => request.checkSignature(key)
const checkBodyThenReplay = (body: Buffer, request: SignedRequest) => request.checkBodyThenReplay(body)

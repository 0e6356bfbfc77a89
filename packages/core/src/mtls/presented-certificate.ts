import { type Awaitable, chain } from '../chain.js'
import { refusal } from '../errors.js'
import { keyState } from '../key.js'
import { noteUse } from '../keys/key-use.js'
import type { Principal } from '../principal.js'
import type { AttemptContext, ClientCertificate, Presented } from '../scheme.js'
import type { MutualTlsTerms } from './terms.js'

/** A certificate on its way: accepted by TLS, somebody's, valid now, not revoked. TLS has seen that its holder has the key. */
export class PresentedCertificate implements Presented {
  readonly scheme = 'mtls'
  /** All that comes over a connection comes from its holder. */
  readonly isBound = true
  readonly #terms: MutualTlsTerms
  readonly #context: AttemptContext
  readonly #certificate: ClientCertificate

  constructor(terms: MutualTlsTerms, context: AttemptContext, certificate: ClientCertificate) {
    this.#terms = terms
    this.#context = context
    this.#certificate = certificate
  }

  claimedName(): string {
    return this.#certificate.thumbprint
  }

  authenticate(): Awaitable<Principal> {
    const { now, facts } = this.#context
    facts.keyId = this.#certificate.thumbprint
    if (!this.#certificate.isAuthorized) throw refusal('certificate_invalid')
    const known = this.#terms.know(this.#certificate, now)
    const { principal, revocable } = known
    const { keyReportSeconds, revocation } = this.#terms.settings
    noteUse(known, now, keyReportSeconds)
    // TLS looked when the connection was made, which may be long ago, and by another clock.
    if (keyState(known, now) !== 'active') throw refusal('certificate_inactive')
    if (revocation === undefined) return principal
    return chain(revocation.check(revocable, now, 'certificate_inactive'), principal, (_, accepted) => accepted)
  }
}

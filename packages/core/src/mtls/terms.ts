import { refusal } from '../errors.js'
import { type HmacKey, type KeyWindow, unused } from '../key.js'
import { BoundedCache } from '../keys/bounded-cache.js'
import type { Principal } from '../principal.js'
import type { RevocableCredentials, RevocationGuard } from '../revocation/revocation.js'
import type { ClientCertificate, ClientCertificates } from '../scheme.js'
import { type Certificate, readCertificate } from './certificate.js'
import { type CertificateIdentity, type ClientsByName, type KnownClient, namesOf } from './clients.js'

/** A certificate of somebody on the list: all about it that stays true. */
export interface KnownCertificate extends KeyWindow, Pick<HmacKey, 'use'> {
  /** Its thumbprint. */
  readonly id: string
  readonly principal: Principal
  readonly revocable: RevocableCredentials
}

export interface MutualTlsSettings {
  readonly identity: CertificateIdentity
  readonly clients: ClientsByName
  readonly certificates: ClientCertificates
  readonly revocation: RevocationGuard | undefined
  readonly keyReportSeconds: number
}

/** Services hold their connections for long and are few: certificates that were read are worth keeping. */
const MOST_KEPT = 1024
const KEPT_SECONDS = 86_400

/** What certificates are verified by: the settings, and what was read of certificates seen before. */
export class MutualTlsTerms {
  readonly settings: MutualTlsSettings
  readonly #known = new BoundedCache<KnownCertificate>(MOST_KEPT)

  constructor(settings: MutualTlsSettings) {
    this.settings = settings
  }

  /**
   * Whose certificate it is.
   *
   * @throws {CredentialError} `certificate_invalid`, `certificate_unknown`
   * Does NOT check times, nor whether TLS accepted it.
   */
  know({ raw, thumbprint }: ClientCertificate, now: number): KnownCertificate {
    const seen = this.#known.get(thumbprint, now)
    if (seen !== undefined) return seen.value
    const certificate = readCertificate(raw)
    const known = describe(certificate, thumbprint, this.#clientOf(certificate))
    this.#known.put(thumbprint, known, now, KEPT_SECONDS)
    return known
  }

  #clientOf(certificate: Certificate): KnownClient {
    const { identity, clients } = this.settings
    const names = namesOf(certificate, identity)
    // Without a name of the kind that is asked for it is no certificate for here at all.
    if (names.length === 0) throw refusal('certificate_invalid')
    const [client, ...others] = names.flatMap((name) => clients.get(name) ?? [])
    if (client === undefined) throw refusal('certificate_unknown')
    // Which of two clients it is nobody could say.
    if (others.some((other) => other !== client)) throw refusal('certificate_invalid')
    return client
  }
}

function describe(
  { issuer, serialNumber, notBefore, notAfter }: Certificate,
  thumbprint: string,
  { id, roles, scopes }: KnownClient,
): KnownCertificate {
  return {
    id: thumbprint,
    principal: Object.freeze({ id, scheme: 'mtls', roles, scopes, keyId: thumbprint, expiresAt: notAfter }),
    notBefore,
    notAfter,
    use: unused(),
    revocable: { scheme: 'mtls', keyId: thumbprint, issuer, tokenId: serialNumber, issuedAt: notBefore },
  }
}

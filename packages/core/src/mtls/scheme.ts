import { ConfigurationError } from '../errors.js'
import { mutualTlsChallenge } from '../http/challenge.js'
import { DEFAULT_REPORT_SECONDS } from '../keys/key-use.js'
import { checkMembers, checkOneOf } from '../options.js'
import type { AttemptContext, Presented, Scheme, SchemeHealth, SchemeOptions } from '../scheme.js'
import { CERTIFICATE_IDENTITIES, type CertificateIdentity, checkClients, type MutualTlsClient } from './clients.js'
import { PresentedCertificate } from './presented-certificate.js'
import { MutualTlsTerms } from './terms.js'

export interface MutualTlsOptions {
  /** Which name of a certificate says whose it is: its SPIFFE ID, one of its DNS names, or its subject. */
  readonly identity: CertificateIdentity
  /** Who may call. A certificate of nobody listed is refused, whoever issued it. */
  readonly clients: readonly MutualTlsClient[]
}

/**
 * The scheme of client certificates (RFC 8446 section 4.4.2; RFC 5280). The server must ask for them: `requestCert: true` and `ca`. A
 * certificate that TLS did not accept (`rejectUnauthorized: false`) is refused here.
 *
 * @throws {ConfigurationError} no `identity`, no clients, a name that no such certificate could have, a name twice, an unknown option
 * Does NOT ask for certificates, nor verify their chain: TLS does, or the proxy that ends it.
 */
export function mutualTls(options: MutualTlsOptions): SchemeOptions {
  checkMembers('mutualTls', options, ['identity', 'clients'])
  const identity = checkOneOf('mutualTls.identity', options.identity, CERTIFICATE_IDENTITIES)
  const clients = checkClients('mutualTls.clients', options.clients, identity)
  return {
    open({ clientCertificates: certificates, keyReportSeconds = DEFAULT_REPORT_SECONDS, option, revocation }) {
      if (certificates === undefined) throw new ConfigurationError(option, 'is open where nobody has a certificate')
      const settings = { identity, clients, certificates, keyReportSeconds, revocation }
      return new MutualTlsScheme(new MutualTlsTerms(settings))
    },
  }
}

class MutualTlsScheme implements Scheme {
  readonly name = 'mtls'
  readonly #terms: MutualTlsTerms

  constructor(terms: MutualTlsTerms) {
    this.#terms = terms
  }

  present(context: AttemptContext): Presented | undefined {
    const certificate = this.#terms.settings.certificates.of(context.view)
    return certificate && new PresentedCertificate(this.#terms, context, certificate)
  }

  challenge(realm: string, reason: Parameters<Scheme['challenge']>[1]): string {
    return mutualTlsChallenge(realm, reason)
  }

  warmup(): void {}

  /** It has no keys of its own: TLS has. */
  health(): SchemeHealth {
    return { scheme: 'mtls', ready: true, keys: [] }
  }

  close(): void {}
}

import { createHash } from 'node:crypto'
import { refusal } from '../errors.js'
import { singleField } from '../http/field.js'
import type { RequestView } from '../request-view.js'
import type { ClientCertificate, ClientCertificates } from '../scheme.js'
import { certificateInField } from './certificate-field.js'
import type { IsListed } from './proxies.js'

/** Finds the client's certificate: on the connection, or in `Client-Cert` (RFC 9440) where a listed proxy ends TLS for us. */
export class CertificateFinder implements ClientCertificates {
  readonly #isProxy: IsListed

  constructor(isProxy: IsListed) {
    this.#isProxy = isProxy
  }

  of(view: RequestView): ClientCertificate | undefined {
    const forwarded = singleField(view.rawHeaders, 'client-cert')
    if (this.#isProxy(view.remoteAddress)) {
      // The connection's own certificate is that of the proxy: nobody behind it may be taken for it.
      return forwarded === undefined ? undefined : named(certificateInField(forwarded), true)
    }
    // It would not count. But whoever sends it tries to be somebody else, or comes past a proxy that nobody configured.
    if (forwarded !== undefined) throw refusal('malformed_credentials')
    const { peerCertificate } = view
    return peerCertificate && named(peerCertificate.raw, peerCertificate.isAuthorized)
  }
}

function named(raw: Uint8Array, isAuthorized: boolean): ClientCertificate {
  return { raw, isAuthorized, thumbprint: createHash('sha256').update(raw).digest('base64url') }
}

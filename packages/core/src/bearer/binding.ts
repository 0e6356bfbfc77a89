import { isCanonicalBase64url } from '../bytes.js'
import { refusal } from '../errors.js'
import type { RequestView } from '../request-view.js'
import type { ClientCertificates } from '../scheme.js'

/**
 * What a token says that its presenter must have (`cnf`, RFC 7800 section 3.1): `undefined` nothing, a text the SHA-256 thumbprint of their
 * certificate (RFC 8705 section 3.1), `null` something that cannot be checked here, as the key of a DPoP proof.
 */
export type Binding = string | null | undefined

export function bindingOf(claims: Readonly<Record<string, unknown>>): Binding {
  const { cnf } = claims
  if (cnf === undefined) return undefined
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return null
  const [[member, thumbprint] = [], ...others] = Object.entries(cnf)
  if (member !== 'x5t#S256' || others.length > 0 || typeof thumbprint !== 'string') return null
  return thumbprint.length === THUMBPRINT_CHARACTERS && isCanonicalBase64url(thumbprint) ? thumbprint : null
}

/** 32 bytes in base64url. */
const THUMBPRINT_CHARACTERS = 43

/**
 * Checks that a token comes over a connection of the certificate that it is bound to. At every use, for the next one may come over another.
 * Who issued the certificate does not matter (RFC 8705 section 3): the token's issuer vouches for it, and TLS for its holder.
 *
 * @throws {CredentialError} `binding_invalid`: another certificate, none, or a binding that cannot be checked (RFC 9449 section 7.2 for DPoP);
 *   and what looking for the certificate throws
 */
export function checkBinding(
  binding: Binding,
  isRequired: boolean,
  view: RequestView,
  certificates: ClientCertificates | undefined,
): void {
  if (binding === undefined && !isRequired) return
  if (typeof binding !== 'string' || certificates?.of(view)?.thumbprint !== binding) throw refusal('binding_invalid')
}

import { ConfigurationError } from '../errors.js'
import { checkMembers, checkText, checkTexts } from '../options.js'
import { FrozenSet, NO_NAMES } from '../principal.js'
import type { Certificate } from './certificate.js'
import { isSpiffeId } from './spiffe-id.js'

/** Which name of a certificate says whose it is. */
export type CertificateIdentity = 'spiffe' | 'dns' | 'subject'

export const CERTIFICATE_IDENTITIES: readonly CertificateIdentity[] = ['spiffe', 'dns', 'subject']

/** Somebody who may call with a certificate. */
export interface MutualTlsClient {
  /** What the certificate says, whole: `spiffe://example.org/billing`, `billing.example.org`, `CN=billing,O=Example` (RFC 4514). */
  readonly name: string
  /** The id of the principal. Several names of one client are its renaming. */
  readonly client: string
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
}

export interface KnownClient {
  readonly id: string
  readonly roles: ReadonlySet<string>
  readonly scopes: ReadonlySet<string>
}

/** The clients by the names in their certificates. */
export type ClientsByName = ReadonlyMap<string, KnownClient>

/** @throws {ConfigurationError} no client, a name that no certificate of this kind could have, a name twice, an unknown member */
export function checkClients(option: string, clients: unknown, identity: CertificateIdentity): ClientsByName {
  if (!Array.isArray(clients) || clients.length === 0)
    throw new ConfigurationError(option, 'must list at least one client: who may call is said by name')
  const byName = new Map<string, KnownClient>()
  for (const [index, entry] of clients.entries()) {
    const place = `${option}[${index}]`
    checkMembers(place, entry, ['name', 'client', 'roles', 'scopes'])
    const { name, client, roles, scopes } = entry as MutualTlsClient
    const key = checkName(`${place}.name`, checkText(`${place}.name`, name), identity)
    if (byName.has(key)) throw new ConfigurationError(`${place}.name`, 'is that of another entry')
    byName.set(key, {
      id: checkText(`${place}.client`, client),
      roles: checkNames(`${place}.roles`, roles),
      scopes: checkNames(`${place}.scopes`, scopes),
    })
  }
  return byName
}

function checkNames(option: string, names: readonly string[] | undefined): ReadonlySet<string> {
  return names === undefined ? NO_NAMES : new FrozenSet(checkTexts(option, names))
}

/** RFC 1123 section 2.1, of at least two labels, and no wildcard: a client is one. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/
const DISTINGUISHED_NAME = /^[A-Za-z0-9.]+=[^\n]+$/

function checkName(option: string, name: string, identity: CertificateIdentity): string {
  if (identity === 'spiffe' && !isSpiffeId(name))
    throw new ConfigurationError(option, 'must be a SPIFFE ID with a path: spiffe://example.org/billing')
  if (identity === 'dns' && !DNS_NAME.test(name))
    throw new ConfigurationError(option, 'must be a DNS name in lower case, without wildcards')
  if (identity === 'subject' && !DISTINGUISHED_NAME.test(name))
    throw new ConfigurationError(option, 'must be a distinguished name as in RFC 4514: CN=billing,O=Example')
  return name
}

/**
 * The names of this kind that a certificate goes by.
 *
 * `spiffe`: its URI, which must be the only one and a SPIFFE ID (X509-SVID section 5.2), else none. `dns`: each DNS name, in lower case.
 */
export function namesOf(certificate: Certificate, identity: CertificateIdentity): readonly string[] {
  if (identity === 'dns') return certificate.dnsNames.map((name) => name.toLowerCase())
  if (identity === 'subject') return certificate.subject === undefined ? [] : [certificate.subject]
  const [uri, ...others] = certificate.uris
  return uri !== undefined && others.length === 0 && isSpiffeId(uri) ? [uri] : []
}

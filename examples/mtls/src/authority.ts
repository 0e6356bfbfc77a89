import 'reflect-metadata'
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { TRUST_DOMAIN } from '@countersign-example/kit'
import * as x509 from '@peculiar/x509'

/** A certificate authority of one's own: for a demo, or for one team. Its key can name anybody. */
export interface Authority {
  /** PEM: the certificate, then the key. */
  readonly pem: string
}

export interface CertificateRequest {
  /** `spiffe://example.test/orders`. */
  readonly spiffeId: string
  /** Where it serves, for those who call it. */
  readonly dnsNames: readonly string[]
  readonly addresses?: readonly string[]
  readonly validSeconds: number
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** A client whose clock is behind may already use it. */
const BACKDATED_SECONDS = 60

export async function createAuthority(validSeconds: number): Promise<Authority> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(validSeconds),
    name: `CN=${TRUST_DOMAIN} CA ${serialNumber().slice(0, 8)}`,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${TRUST_DOMAIN}` }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: pemOf(certificate, keys.privateKey) }
}

/** The certificate of an authority, without its key: what others trust. */
export function trustAnchor({ pem }: Authority): string {
  return new x509.X509Certificate(pem).toString('pem')
}

/**
 * Issues a certificate for a service, both to serve and to call with (X509-SVID section 4).
 *
 * @returns PEM: the certificate, then its key, in one text, so that nobody reads the one of today with the other of yesterday
 */
export async function issue(authority: Authority, request: CertificateRequest): Promise<string> {
  const issuer = new x509.X509Certificate(authority.pem)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(request.validSeconds),
    subject: `O=${TRUST_DOMAIN}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: request.spiffeId },
        ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return pemOf(certificate, keys.privateKey)
}

function validity(seconds: number) {
  const now = Date.now()
  return {
    serialNumber: serialNumber(),
    notBefore: new Date(now - BACKDATED_SECONDS * 1000),
    notAfter: new Date(now + seconds * 1000),
    signingAlgorithm: ALGORITHM,
  }
}

/** 127 random bits: positive, and not 0 at the front (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  // A pair, for ECDSA has two.
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

function pemOf(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): string {
  const keyPem = KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
  return `${certificate.toString('pem')}\n${keyPem}`
}

function signingKey({ pem }: Authority): Promise<webcrypto.CryptoKey> {
  const [, base64 = ''] = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(pem) ?? []
  return webcrypto.subtle.importKey('pkcs8', Buffer.from(base64, 'base64'), ALGORITHM, false, ['sign'])
}

import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/*
 * Client certificates, right and wrong, made once for a run by a library that shares no code with core. Valid by the system's clock, for TLS goes
 * by that, as well as at the moment at which the clock of every probe stands still.
 */

/** A certificate and its key, as TLS takes them. */
export interface Identity {
  readonly cert: string
  readonly key: string
  /** DER. */
  readonly raw: Uint8Array
  /** Whether the target's CA issued it, for clients. */
  readonly isAuthorized: boolean
}

export const IDENTITIES = ['billing', 'gateway', 'stranger', 'foreign', 'twoNames', 'noName', 'authority'] as const
export type IdentityName = (typeof IDENTITIES)[number]

export interface Certificates {
  readonly ca: string
  readonly server: Identity
  readonly clients: Readonly<Record<IdentityName, Identity>>
}

/** When every certificate here begins and ends. */
export const CERTIFICATE_NOT_BEFORE = 1_500_000_000
export const CERTIFICATE_NOT_AFTER = 4_000_000_000

export const spiffeId = (name: string): string => `spiffe://target.test/${name}`

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Authority {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

let made: Promise<Certificates> | undefined

/** The same for the whole process. */
export function certificates(): Promise<Certificates> {
  made ??= make()
  return made
}

async function make(): Promise<Certificates> {
  const ca = await authority('CN=Target CA')
  const other = await authority('CN=Another CA')
  const named = (...names: readonly string[]) => issue(ca, x509.ExtendedKeyUsage.clientAuth, names.map(uri))
  const caBit = new x509.BasicConstraintsExtension(true, undefined, true)
  const clients: Readonly<Record<IdentityName, Identity>> = {
    billing: await named('billing'),
    gateway: await named('gateway'),
    stranger: await named('stranger'),
    foreign: { ...(await issue(other, x509.ExtendedKeyUsage.clientAuth, [uri('billing')])), isAuthorized: false },
    twoNames: await named('billing', 'gateway'),
    noName: await issue(ca, x509.ExtendedKeyUsage.clientAuth, [{ type: 'dns', value: 'billing.target.test' }]),
    authority: await issue(ca, x509.ExtendedKeyUsage.clientAuth, [uri('billing')], [caBit]),
  }
  const server = await issue(ca, x509.ExtendedKeyUsage.serverAuth, [{ type: 'dns', value: 'target.test' }])
  return { ca: ca.certificate.toString('pem'), server, clients }
}

const uri = (name: string): x509.JsonGeneralName => ({ type: 'url', value: spiffeId(name) })

const VALIDITY = {
  notBefore: new Date(CERTIFICATE_NOT_BEFORE * 1000),
  notAfter: new Date(CERTIFICATE_NOT_AFTER * 1000),
  signingAlgorithm: ALGORITHM,
}

async function authority(name: string): Promise<Authority> {
  const keys = await newKeys()
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({ ...VALIDITY, name, keys, extensions })
  return { certificate, keys }
}

async function issue(
  { certificate, keys }: Authority,
  usage: x509.ExtendedKeyUsage,
  names: x509.JsonGeneralNames,
  more: readonly x509.Extension[] = [],
): Promise<Identity> {
  const { publicKey, privateKey } = await newKeys()
  const issued = await x509.X509CertificateGenerator.create({
    ...VALIDITY,
    subject: 'O=target.test',
    issuer: certificate.subject,
    publicKey,
    signingKey: keys.privateKey,
    extensions: [new x509.SubjectAlternativeNameExtension(names), new x509.ExtendedKeyUsageExtension([usage]), ...more],
  })
  return {
    cert: issued.toString('pem'),
    key: KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    raw: new Uint8Array(issued.rawData),
    isAuthorized: true,
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  // A pair, for ECDSA has two.
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

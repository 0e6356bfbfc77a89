import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/*
 * Certificates of every kind, right and wrong, by a library that shares no code with what reads them. Valid by the system's clock, for TLS goes
 * by that, and at NOW.
 */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
export const NOT_BEFORE = 1_500_000_000
/** In the year 2096. */
export const NOT_AFTER = 4_000_000_000

export interface Issued {
  /** PEM, as TLS takes it. */
  readonly cert: string
  readonly key: string
  /** DER. */
  readonly raw: Buffer
}

export interface Wanted {
  readonly subject?: string
  readonly uris?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly notBefore?: number
  readonly notAfter?: number
  readonly serialNumber?: string
  readonly extensions?: readonly x509.Extension[]
  /** Default `client`. */
  readonly usage?: 'client' | 'server' | 'none'
}

export class Authority {
  readonly pem: string
  readonly #certificate: x509.X509Certificate
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.pem = certificate.toString('pem')
    this.#certificate = certificate
    this.#keys = keys
  }

  static async create(subject: string): Promise<Authority> {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: subject,
      serialNumber: '01',
      notBefore: new Date(NOT_BEFORE * 1000),
      notAfter: new Date(NOT_AFTER * 1000),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    })
    return new Authority(certificate, keys)
  }

  async issue(wanted: Wanted = {}): Promise<Issued> {
    const { uris = [], dnsNames = [], usage = 'client' } = wanted
    const keys = await newKeys()
    const names: x509.JsonGeneralNames = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...uris.map((value) => ({ type: 'url' as const, value })),
    ]
    const purpose = usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth
    const certificate = await x509.X509CertificateGenerator.create({
      subject: wanted.subject ?? 'CN=test',
      issuer: this.#certificate.subject,
      serialNumber: wanted.serialNumber ?? '0a1b2c',
      notBefore: new Date((wanted.notBefore ?? NOT_BEFORE) * 1000),
      notAfter: new Date((wanted.notAfter ?? NOT_AFTER) * 1000),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        ...(usage === 'none' ? [] : [new x509.ExtendedKeyUsageExtension([purpose])]),
        ...(wanted.extensions ?? []),
      ],
    })
    return {
      cert: certificate.toString('pem'),
      key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
      raw: Buffer.from(certificate.rawData),
    }
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

/** An extension of any contents. */
export function extension(oid: string, hex: string, critical = false): x509.Extension {
  return new x509.Extension(oid, critical, Buffer.from(hex, 'hex'))
}

export const SUBJECT_ALT_NAME = '2.5.29.17'
export const KEY_USAGE = '2.5.29.15'
export const BASIC_CONSTRAINTS = '2.5.29.19'

/** The hexadecimal digits of one element of DER. */
export function der(tag: number, content: string): string {
  const length = content.length / 2
  const octets = length < 0x80 ? length.toString(16).padStart(2, '0') : `82${length.toString(16).padStart(4, '0')}`
  return tag.toString(16).padStart(2, '0') + octets + content
}

export const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex')

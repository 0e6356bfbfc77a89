import { X509Certificate } from 'node:crypto'
import { refusal } from '../errors.js'
import { type CertificateNames, readNames } from './names.js'

/** A certificate as far as it may decide anything. */
export interface Certificate extends CertificateNames {
  /** RFC 4514: `CN=billing,O=Example`. Absent: it has none, or one with several attributes in one place, which has no one spelling. */
  readonly subject: string | undefined
  /** As `subject`. */
  readonly issuer: string | undefined
  /** Upper-case hexadecimal digits. */
  readonly serialNumber: string
  /** NumericDates; valid in both seconds (RFC 5280 section 4.1.2.5). */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * Reads one certificate, whole and in DER. One that may vouch for others is not one to call with (X509-SVID section 5.2, RFC 5280 section
 * 4.2.1.3).
 *
 * @throws {CredentialError} `certificate_invalid`: no certificate, one with anything behind it, an odd one, or that of a CA
 * Does NOT verify it: see `isAuthorized`.
 */
export function readCertificate(raw: Uint8Array): Certificate {
  try {
    const certificate = new X509Certificate(raw)
    // Node takes PEM as well, and the first certificate of more.
    if (!certificate.raw.equals(raw)) throw new RangeError('not one certificate in DER')
    const names = readNames(raw)
    if (certificate.ca || names.isForSigningOthers) throw new RangeError('of a CA')
    return {
      ...names,
      subject: distinguishedName(certificate.subject),
      issuer: distinguishedName(certificate.issuer),
      serialNumber: certificate.serialNumber,
      notBefore: moment(certificate.validFrom),
      notAfter: moment(certificate.validTo),
    }
  } catch {
    throw refusal('certificate_invalid')
  }
}

/** Node writes one attribute on a line, escaped as RFC 4514 has it, the most general first; and ` + ` between two in one place. */
function distinguishedName(lines: string | undefined): string | undefined {
  if (lines === undefined || lines === '' || lines.includes(' + ')) return undefined
  return lines.split('\n').reverse().join(',')
}

function moment(text: string): number {
  const seconds = Date.parse(text) / 1000
  if (!Number.isFinite(seconds)) throw new RangeError('a time that is none')
  return seconds
}

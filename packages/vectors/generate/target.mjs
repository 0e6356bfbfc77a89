// Keys of the reference target, and the HMAC keys that the vectors share with it.
import { AUDIENCE, ISSUER, LEGACY_ISSUER, testSecretHex, WARNING } from './lib.mjs'

const hmacKey = (id, roles, more = {}) => {
  const algorithm = more.algorithm ?? 'sha256'
  return {
    id,
    client: id,
    secretHex: testSecretHex(algorithm, id),
    roles,
    profile: 'request',
    algorithm,
    ...more,
  }
}

export const HMAC_KEYS = {
  billing: hmacKey('billing', ['orders:write']),
  gateway: hmacKey('gateway', ['gateway']),
  ledger: hmacKey('ledger', ['orders:read'], { algorithm: 'sha512' }),
  retired: hmacKey('retired', ['orders:write'], { notBefore: 1546300800, notAfter: 1577836800 }),
  upcoming: hmacKey('upcoming', ['orders:write'], { notBefore: 4102444800 }),
  webhook: hmacKey('webhook', ['orders:write'], {
    secretHex: Buffer.from('clave-secreta', 'ascii').toString('hex'),
    profile: 'body-timestamp',
  }),
}

const TARGET_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256']

export function target(jwtKeys) {
  return {
    warning: WARNING,
    audience: AUDIENCE,
    issuer: ISSUER,
    legacyIssuer: LEGACY_ISSUER,
    hmac: Object.values(HMAC_KEYS),
    jwt: TARGET_ALGORITHMS.map((algorithm) => jwtKeys[algorithm]),
  }
}

import { generateKeyPairSync, randomBytes } from 'node:crypto'

/** Everything secret in the demo. Each HMAC secret is named after the one who signs with it. */
export interface DemoKeys {
  /** What the gateway signs tokens with: P-256, PKCS #8 in PEM. */
  readonly tokenKey: string
  readonly gatewaySecret: string
  readonly ordersSecret: string
  readonly reportingSecret: string
  readonly warehouseSecret: string
}

/** Makes keys that nobody has seen. Each secret is 32 random bytes, used as the 43 characters that it is written in. */
export function makeKeys(): DemoKeys {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    tokenKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    gatewaySecret: makeSecret(),
    ordersSecret: makeSecret(),
    reportingSecret: makeSecret(),
    warehouseSecret: makeSecret(),
  }
}

function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}

import { type HmacKeySource, keyRing, type MutualTlsClient, type SecretInput } from '@countersign/core'
import { spiffeId } from '@countersign-example/kit'

/** What the gateway signs with, and what the reporting service signs with. */
export interface CallerSecrets {
  readonly gatewaySecret: SecretInput
  readonly reportingSecret: SecretInput
}

/** Those who call orders with a signature, where no key file names them. */
export function orderCallers({ gatewaySecret, reportingSecret }: CallerSecrets): HmacKeySource {
  return keyRing([
    { id: 'gateway-1', client: 'gateway', secret: gatewaySecret, roles: ['gateway'] },
    { id: 'reporting-1', client: 'reporting', secret: reportingSecret, roles: ['orders:read'] },
  ])
}

/**
 * Whose certificates orders takes, where services talk over mutual TLS. They have no roles: a certificate alone may do nothing, the signature beside
 * it has to be the same client's.
 */
export const CERTIFICATES: readonly MutualTlsClient[] = [
  { name: spiffeId('gateway'), client: 'gateway' },
  { name: spiffeId('reporting'), client: 'reporting' },
]

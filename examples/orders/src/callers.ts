import { type HmacKeySource, keyRing, type SecretInput } from '@countersign/core'

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

import { type HmacKeySource, keyRing, type MutualTlsClient, type SecretInput } from '@countersign/core'
import { spiffeId } from '@countersign-example/kit'

/** What orders signs with, and what the warehouse signs with. */
export interface CallerSecrets {
  readonly ordersSecret: SecretInput
  readonly warehouseSecret: SecretInput
  /** What the gateway signs with. Absent: no user comes. */
  readonly gatewaySecret?: SecretInput
}

/** Those who call inventory, where no key file names them. */
export function inventoryCallers({ ordersSecret, warehouseSecret, gatewaySecret }: CallerSecrets): HmacKeySource {
  return keyRing([
    { id: 'orders-1', client: 'orders', secret: ordersSecret, roles: ['stock:read', 'stock:reserve'] },
    ...(gatewaySecret === undefined
      ? []
      : [{ id: 'gateway-1', client: 'gateway', secret: gatewaySecret, roles: ['gateway'] }]),
    // This profile signs neither method nor path, so the key is good for one of each, and each signature once.
    {
      id: 'warehouse-1',
      client: 'warehouse',
      secret: warehouseSecret,
      roles: ['stock:deliver'],
      profile: 'body-timestamp',
      methods: ['POST'],
      paths: ['/deliveries'],
      refuseRepeats: true,
    },
  ])
}

/**
 * Whose certificates inventory takes, where services talk over mutual TLS. Those who sign have no roles by it: the signature beside it has to be
 * the same client's. The warehouse's older signature covers no other credentials and is refused beside any: it leaves it out.
 */
export const CERTIFICATES: readonly MutualTlsClient[] = [
  { name: spiffeId('gateway'), client: 'gateway' },
  { name: spiffeId('orders'), client: 'orders' },
  { name: spiffeId('warehouse'), client: 'warehouse', roles: ['stock:deliver'] },
]

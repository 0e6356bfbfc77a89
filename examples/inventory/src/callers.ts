import { type HmacKeySource, keyRing, type SecretInput } from '@countersign/core'

/** What orders signs with, and what the warehouse signs with. */
export interface CallerSecrets {
  readonly ordersSecret: SecretInput
  readonly warehouseSecret: SecretInput
}

/** Those who call inventory, where no key file names them. */
export function inventoryCallers({ ordersSecret, warehouseSecret }: CallerSecrets): HmacKeySource {
  return keyRing([
    { id: 'orders-1', client: 'orders', secret: ordersSecret, roles: ['stock:read', 'stock:reserve'] },
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

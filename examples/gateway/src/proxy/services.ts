import { createSigner, type Signer } from '@countersign/client'
import type { SecretInput } from '@countersign/core'
import type { TokenIssuer } from '@countersign/issuer'
import { checkServiceUrl } from '@countersign-example/kit'
import { auditedRequest } from '../login/audit.js'
import type { GatewayOptions } from '../options.js'
import { type ProxiedService, UNUSABLE } from './proxy.js'

/** The services that are proxied: `/api/orders` with the user's own token, `/api/stock` with one that was exchanged for it. */
export function servicesBehind(
  { ordersUrl, inventoryUrl, gatewaySecret, gatewayInventorySecret, identity }: GatewayOptions,
  issuer: TokenIssuer,
): readonly ProxiedService[] {
  checkServiceUrl('ordersUrl', ordersUrl, identity)
  checkServiceUrl('inventoryUrl', inventoryUrl, identity)
  const signerFor = (audience: string, secret: SecretInput): Signer =>
    createSigner({ keyId: 'gateway-1', secret, audience })
  return [
    {
      name: 'orders',
      url: ordersUrl,
      ...{ prefix: '/api/orders', rewritePrefix: '/orders', methods: ['GET', 'HEAD', 'POST'] },
      policy: 'authenticated',
      ...{ signer: signerFor('orders', gatewaySecret), identity },
      tokenFor: async (userToken) => userToken,
    },
    {
      name: 'inventory',
      url: inventoryUrl,
      ...{ prefix: '/api/stock', rewritePrefix: '/stock', methods: ['GET', 'HEAD'] },
      policy: 'authenticated',
      ...{ signer: signerFor('inventory', gatewayInventorySecret), identity },
      // Inventory learns who asks, and gets nothing that is good anywhere else.
      async tokenFor(subjectToken, request) {
        const exchanged = await issuer.exchange(
          { subjectToken, actor: 'gateway', audience: 'inventory' },
          auditedRequest(request),
        )
        return exchanged.outcome === 'allow' ? exchanged.tokens.accessToken : UNUSABLE
      },
    },
  ]
}

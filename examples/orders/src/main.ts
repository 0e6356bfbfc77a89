import type { Jwk } from '@countersign/core'
import { portSetting, runService, settings } from '@countersign-example/kit'
import { startOrders } from './server.js'

await runService('orders', async () => {
  const read = settings(['ISSUER', 'JWKS_URL', 'GATEWAY_SECRET', 'REPORTING_SECRET', 'INVENTORY_URL', 'ORDERS_SECRET'])
  return startOrders({
    port: portSetting(3001),
    host: process.env['HOST'] ?? '127.0.0.1',
    issuer: read.ISSUER,
    jwks: await fetchJwks(read.JWKS_URL),
    gatewaySecret: read.GATEWAY_SECRET,
    reportingSecret: read.REPORTING_SECRET,
    inventoryUrl: read.INVENTORY_URL,
    ordersSecret: read.ORDERS_SECRET,
  })
})

/** The keys of the issuer, once, at start: a new key there needs a restart here. */
async function fetchJwks(url: string): Promise<{ readonly keys: readonly Jwk[] }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'error' })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    // Its form is checked where it is taken in, by staticJwks.
    return (await answer.json()) as { readonly keys: readonly Jwk[] }
  } catch (error) {
    throw new Error(`the keys of JWKS_URL cannot be had: ${error instanceof Error ? error.message : String(error)}`)
  }
}

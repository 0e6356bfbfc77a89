import { remoteJwks } from '@countersign/core'
import { httpLimits, portSetting, runService, settings } from '@countersign-example/kit'
import { type InventoryOptions, startInventory } from './server.js'

await runService('inventory', (log) => {
  const { ORDERS_SECRET, WAREHOUSE_SECRET } = settings(['ORDERS_SECRET', 'WAREHOUSE_SECRET'])
  return startInventory({
    port: portSetting(3002),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    ordersSecret: ORDERS_SECRET,
    warehouseSecret: WAREHOUSE_SECRET,
    ...usersSetting(),
  })
})

/** Users come where an issuer is named. */
function usersSetting(): Pick<InventoryOptions, 'users'> {
  if (process.env['ISSUER'] === undefined) return {}
  const read = settings(['ISSUER', 'JWKS_URL', 'GATEWAY_SECRET'])
  // As for orders: inside the network of docker-compose the gateway speaks http.
  const tokenKeys = remoteJwks(read.JWKS_URL, { allowInsecureHttp: true })
  return { users: { issuer: read.ISSUER, tokenKeys, gatewaySecret: read.GATEWAY_SECRET } }
}

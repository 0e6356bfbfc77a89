import { type HmacKeySource, keyFile, remoteJwks } from '@countersign/core'
import { httpLimits, portSetting, runService, settings, withSurroundings } from '@countersign-example/kit'
import { inventoryCallers } from './callers.js'
import { type InventoryOptions, startInventory } from './server.js'

await runService('inventory', (log) => {
  const options = {
    port: portSetting(3002),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    callers: readCallers(),
    ...readUsers(),
  }
  return withSurroundings('inventory', log, (surroundings) => startInventory({ ...options, ...surroundings }))
})

/** A key file is read anew when it changes: keys rotate without a restart. */
function readCallers(): HmacKeySource {
  const file = process.env['CALLERS_FILE']
  if (file !== undefined) return keyFile(file)
  const { ORDERS_SECRET, WAREHOUSE_SECRET } = settings(['ORDERS_SECRET', 'WAREHOUSE_SECRET'])
  return inventoryCallers({ ordersSecret: ORDERS_SECRET, warehouseSecret: WAREHOUSE_SECRET })
}

/** Users come where an issuer is named. */
function readUsers(): Pick<InventoryOptions, 'users'> {
  if (process.env['JWKS_URL'] === undefined) return {}
  const { ISSUER: issuer, JWKS_URL } = settings(['ISSUER', 'JWKS_URL'])
  // As for orders: inside the network of docker-compose the gateway speaks http.
  return { users: { issuer, tokenKeys: remoteJwks(JWKS_URL, { allowInsecureHttp: true }) } }
}

import { type HmacKeySource, keyFile, remoteJwks } from '@countersign/core'
import {
  httpLimits,
  portSetting,
  runService,
  secretSetting,
  settings,
  withSurroundings,
} from '@countersign-example/kit'
import { orderCallers } from './callers.js'
import { startOrders } from './server.js'

await runService('orders', (log) => {
  const read = settings(['ISSUER', 'JWKS_URL', 'INVENTORY_URL'])
  const options = {
    port: portSetting(3001),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    issuer: read.ISSUER,
    // Inside the network of docker-compose the gateway speaks http. An issuer elsewhere is asked over https, without this option.
    tokenKeys: remoteJwks(read.JWKS_URL, { allowInsecureHttp: true }),
    callers: readCallers(),
    inventoryUrl: read.INVENTORY_URL,
    ordersSecret: secretSetting('ORDERS_SECRET'),
  }
  return withSurroundings('orders', log, (surroundings) => startOrders({ ...options, ...surroundings }))
})

/** A key file is read anew when it changes: keys rotate without a restart. */
function readCallers(): HmacKeySource {
  const file = process.env['CALLERS_FILE']
  if (file !== undefined) return keyFile(file)
  const { GATEWAY_SECRET, REPORTING_SECRET } = settings(['GATEWAY_SECRET', 'REPORTING_SECRET'])
  return orderCallers({ gatewaySecret: GATEWAY_SECRET, reportingSecret: REPORTING_SECRET })
}

import { remoteJwks } from '@countersign/core'
import { httpLimits, portSetting, runService, settings } from '@countersign-example/kit'
import { startOrders } from './server.js'

await runService('orders', (log) => {
  const read = settings(['ISSUER', 'JWKS_URL', 'GATEWAY_SECRET', 'REPORTING_SECRET', 'INVENTORY_URL', 'ORDERS_SECRET'])
  return startOrders({
    port: portSetting(3001),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    issuer: read.ISSUER,
    // Inside the network of docker-compose the gateway speaks http. An issuer elsewhere is asked over https, without this option.
    tokenKeys: remoteJwks(read.JWKS_URL, { allowInsecureHttp: true }),
    gatewaySecret: read.GATEWAY_SECRET,
    reportingSecret: read.REPORTING_SECRET,
    inventoryUrl: read.INVENTORY_URL,
    ordersSecret: read.ORDERS_SECRET,
  })
})

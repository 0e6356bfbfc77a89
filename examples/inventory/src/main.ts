import { httpLimits, portSetting, runService, settings } from '@countersign-example/kit'
import { startInventory } from './server.js'

await runService('inventory', (log) => {
  const { ORDERS_SECRET, WAREHOUSE_SECRET } = settings(['ORDERS_SECRET', 'WAREHOUSE_SECRET'])
  return startInventory({
    port: portSetting(3002),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    ordersSecret: ORDERS_SECRET,
    warehouseSecret: WAREHOUSE_SECRET,
  })
})

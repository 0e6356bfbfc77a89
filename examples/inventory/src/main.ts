import { type HmacKeySource, keyFile } from '@countersign/core'
import { openStores, portSetting, runService, serviceLog, settings, withStores } from '@countersign-example/kit'
import { inventoryCallers } from './callers.js'
import { startInventory } from './server.js'

await runService('inventory', async () => {
  const log = serviceLog('inventory')
  const options = {
    port: portSetting(3002),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    callers: readCallers(),
  }
  return withStores(await openStores('inventory', log), ({ replay }) => startInventory({ ...options, replay }))
})

/** A key file is read anew when it changes: keys rotate without a restart. */
function readCallers(): HmacKeySource {
  const file = process.env['CALLERS_FILE']
  if (file !== undefined) return keyFile(file)
  const { ORDERS_SECRET, WAREHOUSE_SECRET } = settings(['ORDERS_SECRET', 'WAREHOUSE_SECRET'])
  return inventoryCallers({ ordersSecret: ORDERS_SECRET, warehouseSecret: WAREHOUSE_SECRET })
}

import { portSetting, runService, settings } from '@countersign-example/kit'
import { filesOf } from './certificate-files.js'
import { startInventory } from './inventory.js'
import { startOrders } from './orders.js'

/* Runs both services with the certificates in CERTIFICATES, until told to end. */

await runService('mtls', async (log) => {
  const { CERTIFICATES } = settings(['CERTIFICATES'])
  const port = portSetting(3443)
  const inventory = await startInventory({
    port: port === 0 ? 0 : port + 1,
    files: filesOf(CERTIFICATES, 'inventory'),
    log,
  })
  const orders = await startOrders({ port, files: filesOf(CERTIFICATES, 'orders'), inventoryUrl: inventory.url, log })
  log.info(`orders on ${orders.url}, inventory on ${inventory.url}`)
  return {
    url: orders.url,
    // Nobody asks whether it is ready: it has no balancer in front.
    leave() {},
    async close() {
      await orders.close()
      await inventory.close()
    },
  }
})

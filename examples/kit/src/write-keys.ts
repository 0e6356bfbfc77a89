import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeKeys } from './keys.js'

/*
 * Writes the keys of the demo below a directory, once: each service finds in its own folder what it needs and nothing else.
 * Files that are there already stay, so that a restart changes no key.
 */

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: node write-keys.js DIRECTORY')
  process.exit(2)
}

const keys = makeKeys()
const files: Readonly<Record<string, string>> = {
  'gateway/gateway-secret': keys.gatewaySecret,
  'gateway/users-key': keys.usersKey,
  'gateway/key-encryption-key': keys.keyEncryptionKey,
  'orders/gateway-secret': keys.gatewaySecret,
  'orders/orders-secret': keys.ordersSecret,
  'orders/reporting-secret': keys.reportingSecret,
  'inventory/gateway-secret': keys.gatewaySecret,
  'inventory/orders-secret': keys.ordersSecret,
  'inventory/warehouse-secret': keys.warehouseSecret,
}
const paths = Object.keys(files).map((name) => join(directory, name))

if (paths.every((path) => existsSync(path))) {
  console.log(`keys: kept those in ${directory}`)
} else {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content, { mode: 0o600 })
  }
  console.log(`keys: wrote new ones to ${directory}`)
}

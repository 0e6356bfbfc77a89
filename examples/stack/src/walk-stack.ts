import { secretSetting, settings } from '@countersign-example/kit'
import { report, type TourTarget, walkAloud } from '@countersign-example/tour'
import { logTrail } from './log-trail.js'

/*
 * `node walk-stack.js`: walks the tour through services that run elsewhere, named by the environment. Exit code 0 where every row is as
 * expected, else 1.
 */

const read = settings([
  'GATEWAY_URL',
  'ORDERS_URL',
  'ORDERS_REPLICA_URL',
  'INVENTORY_URL',
  'ISSUER',
  'TOKEN_KEY',
  'USERS',
  'LOGS',
])
const target: TourTarget = {
  urls: { gateway: read.GATEWAY_URL, orders: read.ORDERS_URL, inventory: read.INVENTORY_URL },
  replicas: { orders: read.ORDERS_REPLICA_URL },
  issuer: read.ISSUER,
  keys: {
    tokenKey: read.TOKEN_KEY,
    gatewaySecret: secretSetting('GATEWAY_SECRET'),
    ordersSecret: secretSetting('ORDERS_SECRET'),
    reportingSecret: secretSetting('REPORTING_SECRET'),
    warehouseSecret: secretSetting('WAREHOUSE_SECRET'),
  },
  // Written by the same program, in keys.ts.
  users: JSON.parse(read.USERS) as TourTarget['users'],
  trail: logTrail(read.LOGS),
  exclusive: false,
}
const print = (line: string): void => console.log(line)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

process.exitCode = report(await walkAloud(target, { print, signal: stop.signal }), target, { print })

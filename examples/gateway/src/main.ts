import { createPrivateKey, type KeyObject } from 'node:crypto'
import {
  httpLimits,
  portSetting,
  runService,
  secretSetting,
  settings,
  withSurroundings,
} from '@countersign-example/kit'
import { startGateway } from './server.js'

await runService('gateway', (log) => {
  const { ISSUER, ORDERS_URL, TOKEN_KEY } = settings(['ISSUER', 'ORDERS_URL', 'TOKEN_KEY'])
  const options = {
    port: portSetting(3000),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    issuer: ISSUER,
    tokenKey: readTokenKey(TOKEN_KEY),
    ordersUrl: ORDERS_URL,
    gatewaySecret: secretSetting('GATEWAY_SECRET'),
  }
  return withSurroundings('gateway', log, ({ observe }) => startGateway({ ...options, observe }))
})

function readTokenKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error('settings: TOKEN_KEY is not a private key in PEM')
  }
}

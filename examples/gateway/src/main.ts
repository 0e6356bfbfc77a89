import { createPrivateKey, type KeyObject } from 'node:crypto'
import { portSetting, runService, secretSetting, serviceLog, settings } from '@countersign-example/kit'
import { startGateway } from './server.js'

await runService('gateway', () => {
  const { ISSUER, ORDERS_URL, TOKEN_KEY } = settings(['ISSUER', 'ORDERS_URL', 'TOKEN_KEY'])
  return startGateway({
    port: portSetting(3000),
    host: process.env['HOST'] ?? '127.0.0.1',
    log: serviceLog('gateway'),
    issuer: ISSUER,
    tokenKey: readTokenKey(TOKEN_KEY),
    ordersUrl: ORDERS_URL,
    gatewaySecret: secretSetting('GATEWAY_SECRET'),
  })
})

function readTokenKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error('settings: TOKEN_KEY is not a private key in PEM')
  }
}

import { join } from 'node:path'
import { signingKeyFile } from '@countersign/issuer'
import { httpLimits, portSetting, runService, settings } from '@countersign-example/kit'
import { startGateway } from './server.js'
import { openUsers } from './users/open.js'

await runService('gateway', async (log) => {
  const read = settings([
    'ISSUER',
    'PUBLIC_ORIGIN',
    'ORDERS_URL',
    'INVENTORY_URL',
    'GATEWAY_SECRET',
    'DATA_DIRECTORY',
    'USERS_KEY',
    'KEY_ENCRYPTION_KEY',
  ])
  const users = await openUsers({
    dataDirectory: read.DATA_DIRECTORY,
    usersKey: read.USERS_KEY,
    redisUrl: process.env['REDIS_URL'],
  })
  const gateway = await startGateway({
    port: portSetting(3000),
    host: process.env['HOST'] ?? '127.0.0.1',
    log,
    limits: httpLimits(),
    issuer: read.ISSUER,
    publicOrigin: read.PUBLIC_ORIGIN,
    dangerouslyInsecureCookies: process.env['DANGEROUSLY_INSECURE_COOKIES'] === 'yes',
    trustedProxies: process.env['TRUSTED_PROXIES']?.split(',') ?? [],
    signingKeys: signingKeyFile(join(read.DATA_DIRECTORY, 'signing-keys.json'), {
      algorithm: 'ES256',
      kek: { id: 'kek-1', bytes: Buffer.from(read.KEY_ENCRYPTION_KEY, 'base64url') },
    }),
    users: users.store,
    usersKey: read.USERS_KEY,
    ordersUrl: read.ORDERS_URL,
    inventoryUrl: read.INVENTORY_URL,
    gatewaySecret: read.GATEWAY_SECRET,
    ...(users.redis === undefined ? {} : { redis: users.redis }),
  })
  return {
    ...gateway,
    async close() {
      await gateway.close()
      await users.close()
    },
  }
})

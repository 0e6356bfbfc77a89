import { createPrivateKey } from 'node:crypto'
import { join } from 'node:path'
import { type SigningKeySource, signingKeyFile } from '@countersign/issuer'
import {
  httpLimits,
  portSetting,
  runService,
  secretSetting,
  settings,
  withSurroundings,
} from '@countersign-example/kit'
import { fixedSigningKey } from './keys.js'
import { startGateway } from './server.js'
import { sharedOverRedis } from './shared.js'
import { openUsers } from './users/open.js'

await runService('gateway', async (log) => {
  const read = settings(['ISSUER', 'PUBLIC_ORIGIN', 'ORDERS_URL', 'INVENTORY_URL', 'USERS_KEY'])
  const { REDIS_URL: redisUrl, HOST: host = '127.0.0.1', TRUSTED_PROXIES: proxies } = process.env
  const options = {
    ...{ port: portSetting(3000), host, log, limits: httpLimits() },
    ...{ issuer: read.ISSUER, publicOrigin: read.PUBLIC_ORIGIN, usersKey: read.USERS_KEY },
    ...{ ordersUrl: read.ORDERS_URL, inventoryUrl: read.INVENTORY_URL },
    signingKeys: readSigningKeys(),
    gatewaySecret: secretSetting('GATEWAY_SECRET'),
    gatewayInventorySecret: secretSetting('GATEWAY_INVENTORY_SECRET'),
    dangerouslyInsecureCookies: process.env['DANGEROUSLY_INSECURE_COOKIES'] === 'yes',
    trustedProxies: proxies?.split(',') ?? [],
  }
  const users = await openUsers({ dataDirectory, usersKey: read.USERS_KEY, redisUrl })
  const shared = sharedOverRedis(users.redis, log)
  const gateway = await withSurroundings('gateway', log, ({ observe, identity }) =>
    startGateway({ ...options, ...shared, users: users.store, observe, identity }),
  ).catch(async (error: unknown) => {
    await users.close()
    throw error
  })
  return { ...gateway, close: () => gateway.close().finally(users.close) }
})

/** A key of somebody else's, where one is given; else keys that the gateway makes and rotates, sealed. */
function readSigningKeys(): SigningKeySource {
  if (process.env['TOKEN_KEY'] !== undefined || process.env['TOKEN_KEY_FILE'] !== undefined) return readTokenKey()
  const { KEY_ENCRYPTION_KEY } = settings(['KEY_ENCRYPTION_KEY'])
  const kek = { id: 'kek-1', bytes: Buffer.from(KEY_ENCRYPTION_KEY, 'base64url') }
  return signingKeyFile(join(dataDirectory(), 'signing-keys.json'), { algorithm: 'ES256', kek })
}

function readTokenKey(): SigningKeySource {
  const { TOKEN_KEY } = settings(['TOKEN_KEY'])
  try {
    return fixedSigningKey(createPrivateKey(TOKEN_KEY))
  } catch {
    throw new Error('settings: TOKEN_KEY is not a private key on P-256 in PEM')
  }
}

/** Asked for only where something is kept there. */
function dataDirectory(): string {
  return settings(['DATA_DIRECTORY']).DATA_DIRECTORY
}

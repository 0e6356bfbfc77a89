import { execFile } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSigner, type SignedFetch, type Signer, signedFetch } from '@countersign/client'
import { staticJwks } from '@countersign/core'
import { inventoryCallers, startInventory } from '@countersign-example/inventory'
import { fetchOver, type LiveIdentity, openIdentity, type Service, spiffeId } from '@countersign-example/kit'
import { createAuthority, filesOf, issue, type ServiceName, writeCertificates } from '@countersign-example/mtls'
import { orderCallers, startOrders } from '@countersign-example/orders'
import { pino } from 'pino'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicJwks } from '../src/keys.js'
import { Client, startTestGateway, type TestGateway, TOKEN_KEY } from './support/gateway.js'
import { PASSWORDS } from './support/users.js'

const COMMAND = fileURLToPath(new URL('../../mtls/dist/make-certificates.js', import.meta.url))
const RELOAD_SECONDS = 0.02
const ISSUER = 'https://id.example'

const secret = (): string => randomBytes(32).toString('base64url')
const secrets = {
  ...{ gatewaySecret: secret(), reportingSecret: secret(), ordersSecret: secret(), warehouseSecret: secret() },
  gatewayInventorySecret: secret(),
}
const directory = mkdtempSync(join(tmpdir(), 'countersign-mtls-'))
const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true })]
const records: Record<string, unknown>[] = []
const identities = {} as Record<ServiceName, LiveIdentity>

let inventory: Service
let orders: Service
let gateway: TestGateway
let client: Client
let token: string

/** All by one command, and by settings. */
beforeAll(async () => {
  await promisify(execFile)(process.execPath, [COMMAND, directory])
  for (const name of ['gateway', 'orders', 'inventory', 'reporting', 'warehouse'] as const)
    identities[name] = identityOf(name)
  const users = { issuer: ISSUER, tokenKeys: staticJwks(publicJwks(TOKEN_KEY)) }
  inventory = await startInventory({
    ...{ port: 0, log: logOf('inventory'), identity: identities.inventory, users },
    callers: inventoryCallers({ ...secrets, gatewaySecret: secrets.gatewayInventorySecret }),
  })
  closers.push(() => inventory.close())
  orders = await startOrders({
    ...{ port: 0, log: logOf('orders'), identity: identities.orders, ...users },
    ...{ callers: orderCallers(secrets), inventoryUrl: inventory.url, ordersSecret: secrets.ordersSecret },
  })
  closers.push(() => orders.close())
  gateway = await startTestGateway({
    ...{ ordersUrl: orders.url, inventoryUrl: inventory.url, identity: identities.gateway },
    ...{ gatewaySecret: secrets.gatewaySecret, gatewayInventorySecret: secrets.gatewayInventorySecret },
  })
  closers.push(() => gateway.close())
  client = new Client(gateway.url)
  token = await client.login('ada', PASSWORDS.ada)
}, 60_000)

afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

function logOf(name: string) {
  return pino({ name }, { write: (line) => void records.push(JSON.parse(line)) })
}

function identityOf(service: ServiceName): LiveIdentity {
  const { certificate, key, authorities } = filesOf(directory, service)
  const environment = { TLS_CERTIFICATE_FILE: certificate, TLS_KEY_FILE: key, TLS_CA_FILE: authorities }
  const identity = openIdentity(pino({ level: 'silent' }), environment, RELOAD_SECONDS)
  if (identity === undefined) throw new Error('there are settings')
  closers.push(() => identity.close())
  return identity
}

/** Calls with the certificate of a service, and perhaps a signature. */
function callerWith(service: ServiceName, signer?: Signer): SignedFetch {
  const agent = identities[service].agent()
  closers.push(() => agent.destroy())
  return signedFetch({ fetch: fetchOver(agent), ...(signer && { signer }) })
}

const signerOf = (keyId: string, key: string, audience: string): Signer =>
  createSigner({ keyId, secret: key, audience })

async function verdictOf(answer: Promise<Response>): Promise<readonly unknown[]> {
  const response = await answer
  const body = (await response.json()) as Record<string, unknown>
  return response.ok ? [response.status] : [response.status, body['code']]
}

const buy = (): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> =>
  client.post('/api/orders', { item: 'tea', quantity: 1 }, { authorization: `Bearer ${token}` })

describe('with mutual TLS between the services', () => {
  it('a user buys through the gateway, orders and inventory', async () => {
    expect([orders.url, inventory.url, gateway.url].map((url) => new URL(url).protocol)).toEqual([
      'https:',
      'https:',
      'http:',
    ])
    const { status, body } = await buy()
    expect([status, body]).toEqual([201, { id: 1, item: 'tea', quantity: 1, buyer: 'ada', via: 'gateway' }])
    const stock = await client.send('GET', '/api/stock', undefined, { authorization: `Bearer ${token}` })
    expect([stock.status, stock.body]).toEqual([200, { tea: 999, coffee: 500 }])
    const attempts = records.filter(({ event }) => event === 'auth.attempt')
    expect(attempts.map(({ scheme, principal, actor }) => [scheme, principal, actor])).toEqual([
      ['hmac', 'orders', undefined],
      ['bearer', 'ada', 'gateway'],
      ['bearer', 'ada', 'gateway'],
    ])
  })

  it('nobody comes in without a certificate, or with one of another authority', async () => {
    const foreign = await issue(await createAuthority(60), {
      ...{ spiffeId: spiffeId('gateway'), dnsNames: ['localhost'], validSeconds: 60 },
    })
    const ca = readFileSync(join(directory, 'ca.pem'))
    for (const pem of [undefined, foreign]) {
      const agent = new Agent({ connect: { ca, ...(pem && { cert: pem, key: pem }) } })
      for (const url of [`${orders.url}/health`, `${inventory.url}/stock`]) {
        await expect(agent.request({ ...targetOf(url), method: 'GET' })).rejects.toThrow()
      }
      await agent.destroy()
    }
    const told = records
      .filter(({ msg }) => msg === 'TLS: connections refused')
      .map(({ name, reason }) => [name, reason])
    // Of each the first at once; the others are told of after a minute.
    expect(told).toEqual(['orders', 'inventory'].map((name) => [name, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE']))
  })

  it('who signs as the gateway over the connection of orders is refused', async () => {
    const signer = signerOf('gateway-1', secrets.gatewayInventorySecret, 'inventory')
    const stock = `${inventory.url}/stock`
    expect(await verdictOf(callerWith('orders', signer)(stock))).toEqual([401, 'binding_invalid'])
    // The gateway itself is who it says, and has no business there without a user.
    expect(await verdictOf(callerWith('gateway', signer)(stock))).toEqual([403, 'role_missing'])
  })

  it('a certificate does not stand in for the signature', async () => {
    const bought = (signer?: Signer) =>
      callerWith('gateway', signer)(`${orders.url}/orders`, {
        ...{ method: 'POST', body: '{"item":"tea","quantity":1}' },
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      })
    expect(await verdictOf(bought())).toEqual([403, 'role_missing'])
    expect(await verdictOf(bought(signerOf('gateway-1', secrets.gatewaySecret, 'orders')))).toEqual([201])
  })

  it('a service that is not on the list of another is refused, whatever it signs', async () => {
    const signer = signerOf('reporting-1', secrets.reportingSecret, 'orders')
    const all = `${orders.url}/orders`
    expect(await verdictOf(callerWith('warehouse', signer)(all))).toEqual([401, 'certificate_unknown'])
    expect(await verdictOf(callerWith('reporting', signer)(all))).toEqual([200])
  })

  it('the warehouse delivers by its certificate alone', async () => {
    const delivery = {
      ...{ method: 'POST', body: 'item=coffee&quantity=5' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
    const deliveries = `${inventory.url}/deliveries`
    expect(await verdictOf(callerWith('warehouse')(deliveries, delivery))).toEqual([201])
    expect(await verdictOf(callerWith('orders')(deliveries, delivery))).toEqual([403, 'role_missing'])
  })

  it('certificates are rotated three times while users buy, and nothing fails', async () => {
    const state = { isOver: false }
    const statuses: number[] = []
    const shopper = async () => {
      while (!state.isOver) statuses.push((await buy()).status)
    }
    const shoppers = [shopper(), shopper()]
    for (let round = 0; round < 3; round++) {
      const before = statuses.length
      await writeCertificates(directory)
      for (const [name, { url }] of Object.entries({ orders, inventory })) await isShown(url, name)
      await eventually(async () => statuses.length >= before + 4)
    }
    state.isOver = true
    await Promise.all(shoppers)
    expect(statuses.length).toBeGreaterThan(12)
    expect(new Set(statuses)).toEqual(new Set([201]))
  }, 60_000)

  it('no service starts that would call another in plain http', async () => {
    const plain = { ordersUrl: 'http://127.0.0.1:9', inventoryUrl: inventory.url, identity: identities.gateway }
    await expect(startTestGateway(plain)).rejects.toThrow(/^ordersUrl must be https/)
    const options = {
      ...{ port: 0, issuer: ISSUER, tokenKeys: staticJwks(publicJwks(TOKEN_KEY)), callers: orderCallers(secrets) },
      ...{ ordersSecret: secrets.ordersSecret, identity: identities.orders },
    }
    await expect(startOrders({ ...options, inventoryUrl: 'http://127.0.0.1:9' })).rejects.toThrow(
      /^inventoryUrl must be https/,
    )
  })
})

function targetOf(url: string): { readonly origin: string; readonly path: string } {
  const { origin, pathname } = new URL(url)
  return { origin, path: pathname }
}

/** Waits until a service shows the certificate that stands in its file. */
function isShown(url: string, name: string): Promise<void> {
  const expected = new X509Certificate(readFileSync(join(directory, `${name}.pem`))).serialNumber
  return eventually(async () => {
    const { hostname: host, port } = new URL(url)
    const socket = connect({ host, port: Number(port), ...identities.gateway.material })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber === expected
  })
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come true')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type AgentOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fetchOver, type LiveAgent, LiveIdentity, spiffeId } from '@countersign-example/kit'
import { pino } from 'pino'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, issue, trustAnchor } from '../src/authority.js'
import { filesOf, replaceFile, writeCertificates } from '../src/certificate-files.js'
import { startInventory } from '../src/inventory.js'
import { startOrders } from '../src/orders.js'
import { call } from './support/call.js'

const RELOAD_SECONDS = 0.02
const log = pino({ level: 'silent' })

const directory = { path: '', inventory: '', orders: '' }
const scratch = () => mkdtempSync(join(tmpdir(), 'countersign-mtls-'))

beforeAll(async () => {
  directory.path = scratch()
  await writeCertificates(directory.path)
  const started = await start(directory.path)
  Object.assign(directory, { orders: started.orders.url, inventory: started.inventory.url })
  return async () => {
    await started.close()
    rmSync(directory.path, { recursive: true })
  }
})

async function start(path: string) {
  const common = { port: 0, reloadSeconds: RELOAD_SECONDS, log }
  const inventory = await startInventory({ ...common, files: filesOf(path, 'inventory') })
  const orders = await startOrders({ ...common, files: filesOf(path, 'orders'), inventoryUrl: inventory.url })
  const close = async () => {
    await orders.close()
    await inventory.close()
  }
  return { orders, inventory, close }
}

const read = (name: string, path = directory.path) => readFileSync(join(path, name), 'utf8')

/** Calls orders once, over a connection of its own. */
function callWith(pem: string | undefined, more: AgentOptions = {}, url = directory.orders) {
  const agent = new Agent({ ca: read('ca.pem'), ...(pem && { cert: pem, key: pem }), ...more })
  return call(agent, new URL('/orders', url)).finally(() => agent.destroy())
}

const authority = () => ({ pem: read('ca-key.pem') })
const named = (spiffe: string, validSeconds = 60, by = authority()) => {
  return issue(by, { spiffeId: spiffe, dnsNames: ['localhost'], validSeconds })
}

describe('a certificate', () => {
  it('of reporting calls orders, which calls inventory with its own', async () => {
    expect(await callWith(read('reporting.pem'))).toEqual({
      status: 200,
      body: { for: 'reporting', stock: { tea: 1000, for: 'orders' } },
    })
  })

  it('of a service that is not on the list is refused, and told so', async () => {
    expect(await callWith(read('inventory.pem'))).toMatchObject({ status: 401, body: { code: 'certificate_unknown' } })
    expect(await callWith(await named(spiffeId('stranger')))).toMatchObject({
      status: 401,
      body: { code: 'certificate_unknown' },
    })
  })

  it('of another authority does not come through the handshake, whoever it names', async () => {
    const foreign = await named(spiffeId('reporting'), 60, await createAuthority(60))
    await expect(callWith(foreign)).rejects.toThrow()
  })

  it('that is over does not come through the handshake', async () => {
    await expect(callWith(await named(spiffeId('reporting'), -1))).rejects.toThrow()
    expect((await callWith(await named(spiffeId('reporting'), 60))).status).toBe(200)
  })

  it('is needed', async () => {
    await expect(callWith(undefined)).rejects.toThrow()
  })

  it('of orders is what inventory shows nobody else', async () => {
    const agent = new Agent({ ca: read('ca.pem'), cert: read('reporting.pem'), key: read('reporting.pem') })
    onTestFinished(() => agent.destroy())
    expect(await call(agent, `${directory.inventory}/stock`)).toMatchObject({ status: 401 })
  })
})

describe('while the services run', () => {
  async function serialShown(url: string, path: string): Promise<string> {
    const pem = read('reporting.pem', path)
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), ca: read('ca.pem', path), cert: pem, key: pem })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }

  async function eventually(holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 30_000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error('it did not come true')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function running() {
    const path = scratch()
    await writeCertificates(path)
    const services = await start(path)
    onTestFinished(async () => {
      await services.close()
      rmSync(path, { recursive: true })
    })
    const shows = (url: string, name: string) => async () => {
      return (await serialShown(url, path)) === new X509Certificate(read(name, path)).serialNumber
    }
    return { path, ...services, shows }
  }

  it('certificates are rotated three times and no request is dropped', async () => {
    const { path, orders, inventory, shows } = await running()
    const kept = new LiveIdentity({ files: filesOf(path, 'reporting'), reloadSeconds: RELOAD_SECONDS })
    const [keepingAlive, connectingAnew] = [kept.agent(), kept.agent({ pipelining: 0 })]
    onTestFinished(async () => {
      kept.close()
      await Promise.all([keepingAlive.close(), connectingAnew.close()])
    })
    const state = { isOver: false }
    const statuses: number[] = []
    const caller = async (agent: LiveAgent) => {
      const send = fetchOver(agent)
      while (!state.isOver) {
        const answer = await send(`${orders.url}/orders`)
        statuses.push(answer.status)
        await answer.json()
      }
    }
    const callers = [keepingAlive, connectingAnew].map(caller)
    for (let round = 0; round < 3; round++) {
      await writeCertificates(path)
      await eventually(shows(orders.url, 'orders.pem'))
      await eventually(shows(inventory.url, 'inventory.pem'))
    }
    state.isOver = true
    await Promise.all(callers)
    expect(statuses.length).toBeGreaterThan(10)
    expect(new Set(statuses)).toEqual(new Set([200]))
  }, 60_000)

  it('an authority is replaced: both are trusted for a while, then the old one no more', async () => {
    const { path, orders } = await running()
    const oldCertificate = read('reporting.pem', path)
    const oldAnchor = read('ca.pem', path)
    const next = await createAuthority(3600)
    const newCertificate = await named(spiffeId('reporting'), 60, next)
    const oldOrders = { ca: oldAnchor }
    const isTaken = async (pem: string) => {
      return callWith(pem, oldOrders, orders.url).then(
        ({ status }) => status === 200,
        () => false,
      )
    }
    expect([await isTaken(oldCertificate), await isTaken(newCertificate)]).toEqual([true, false])
    replaceFile(join(path, 'ca.pem'), `${oldAnchor}\n${trustAnchor(next)}`)
    await eventually(() => isTaken(newCertificate))
    expect(await isTaken(oldCertificate)).toBe(true)
    // The services still show certificates of the old authority, and take those of the new one alone: inventory has to go on trusting orders.
    const both = { ca: `${oldAnchor}\n${trustAnchor(next)}` }
    for (const name of ['orders', 'inventory'] as const) {
      replaceFile(filesOf(path, name).certificate, await named(spiffeId(name), 60, next))
    }
    replaceFile(join(path, 'ca.pem'), trustAnchor(next))
    await eventually(async () => {
      const old = await callWith(oldCertificate, both, orders.url).catch(() => undefined)
      const young = await callWith(newCertificate, both, orders.url).catch(() => undefined)
      return old === undefined && young?.status === 200
    })
  }, 60_000)

  it('files that TLS does not take change nothing, and are told of', async () => {
    const path = scratch()
    onTestFinished(() => rmSync(path, { recursive: true }))
    await writeCertificates(path)
    const refused: unknown[] = []
    const files = filesOf(path, 'orders')
    const identity = new LiveIdentity({ files, reloadSeconds: 3600, onRefused: (error) => refused.push(error) })
    onTestFinished(() => identity.close())
    const before = identity.material
    writeFileSync(files.certificate, 'half a certif')
    identity.reload()
    expect([identity.material, refused.length]).toEqual([before, 1])
    rmSync(files.certificate)
    identity.reload()
    expect([identity.material, refused.length]).toEqual([before, 2])
    await writeCertificates(path)
    identity.reload()
    expect(identity.material).not.toEqual(before)
    expect(refused).toHaveLength(2)
  })
})

describe('make-certificates', () => {
  const command = fileURLToPath(new URL('../dist/make-certificates.js', import.meta.url))
  const run = promisify(execFile)

  it('makes everything at first, and new certificates of the same authority after that', async () => {
    const path = scratch()
    onTestFinished(() => rmSync(path, { recursive: true }))
    const services = ['gateway', 'orders', 'inventory', 'reporting', 'warehouse']
    const names = ['ca.pem', 'ca-key.pem', ...services.map((name) => `${name}.pem`)]
    await run(process.execPath, [command, path])
    const first = names.map((name) => read(name, path))
    await run(process.execPath, [command, path])
    const second = names.map((name) => read(name, path))
    expect(names.map((_, index) => first[index] === second[index])).toEqual([true, true, ...services.map(() => false)])
  }, 60_000)

  it('says how it is used', async () => {
    await expect(run(process.execPath, [command])).rejects.toMatchObject({ code: 2 })
  })
})

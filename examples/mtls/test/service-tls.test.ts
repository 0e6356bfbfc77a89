import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import {
  createServiceServer,
  fetchOver,
  httpLimits,
  type LiveIdentity,
  openIdentity,
  spiffeId,
  urlOf,
} from '@countersign-example/kit'
import { pino } from 'pino'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, filesOf, issue, replaceFile, type ServiceName, writeCertificates } from '../src/index.js'
import { call } from './support/call.js'

const NEVER_SECONDS = 3600
let path: string
let lines: string[]
const log = pino({}, { write: (line) => void lines.push(line) })

beforeEach(async () => {
  lines = []
  path = mkdtempSync(join(tmpdir(), 'countersign-tls-'))
  await writeCertificates(path)
  return () => rmSync(path, { recursive: true })
})

function settingsOf(service: ServiceName) {
  const { certificate, key, authorities } = filesOf(path, service)
  return { TLS_CERTIFICATE_FILE: certificate, TLS_KEY_FILE: key, TLS_CA_FILE: authorities }
}

function identityOf(service: ServiceName): LiveIdentity {
  const identity = openIdentity(log, settingsOf(service), NEVER_SECONDS)
  if (identity === undefined) throw new Error('there are settings')
  onTestFinished(() => identity.close())
  return identity
}

function callerWith(identity: LiveIdentity): typeof fetch {
  const agent = identity.agent({ connections: 1 })
  onTestFinished(() => agent.destroy())
  return fetchOver(agent)
}

/** Answers with the serial number of the certificate that was shown, and a number for each connection. */
async function startServer(identity: LiveIdentity): Promise<Server> {
  const connections = new Map<unknown, number>()
  const server = createServiceServer(
    ({ socket }, response) => {
      connections.set(socket, connections.get(socket) ?? connections.size)
      const { serialNumber } = (socket as TLSSocket).getPeerCertificate()
      response.end(JSON.stringify([serialNumber, connections.get(socket)]))
    },
    { limits: httpLimits({}), identity, log },
  )
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const told = () => lines.map((line) => JSON.parse(line)).map(({ msg, count, reason }) => ({ msg, count, reason }))

describe('the settings of mutual TLS', () => {
  it('are all three or none', () => {
    expect(openIdentity(log, {})).toBeUndefined()
    const { TLS_KEY_FILE: _, ...others } = settingsOf('orders')
    expect(() => openIdentity(log, others)).toThrow(/^settings: for mutual TLS these are missing: TLS_KEY_FILE$/)
    expect(() => openIdentity(log, { ...settingsOf('orders'), TLS_CA_FILE: '' })).toThrow('TLS_CA_FILE')
  })

  it.each([
    ['is not there', (file: string) => rmSync(file)],
    ['is no PEM', (file: string) => replaceFile(file, 'half a certif')],
  ])('prevent the start where a file %s', (_what, spoil) => {
    spoil(filesOf(path, 'orders').certificate)
    expect(() => openIdentity(log, settingsOf('orders'))).toThrow(/^settings: TLS does not take the files of TLS_/)
  })

  it('prevent the start with the key of another certificate', () => {
    const { TLS_KEY_FILE } = settingsOf('inventory')
    expect(() => openIdentity(log, { ...settingsOf('orders'), TLS_KEY_FILE })).toThrow('TLS does not take the files')
  })
})

describe('a service over mutual TLS', () => {
  const names = { spiffeId: spiffeId('gateway'), dnsNames: ['localhost'] }
  const authority = () => ({ pem: readFileSync(join(path, 'ca-key.pem'), 'utf8') })

  it.each([
    ['without a certificate', async () => undefined, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    [
      'with one of another authority',
      async () => issue(await createAuthority(60), { ...names, validSeconds: 60 }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    ['with one that is over', async () => issue(authority(), { ...names, validSeconds: -1 }), 'CERT_HAS_EXPIRED'],
  ])('refuses a caller %s, and says why', async (_what, make, reason) => {
    const url = urlOf(await startServer(identityOf('orders')))
    const pem = await make()
    const agent = new Agent({ ca: readFileSync(join(path, 'ca.pem')), ...(pem && { cert: pem, key: pem }) })
    onTestFinished(() => agent.destroy())
    await expect(call(agent, url)).rejects.toThrow()
    expect(told()).toEqual([{ msg: 'TLS: connections refused', count: 1, reason }])
  })

  it('is not called where its certificate is of another authority', async () => {
    const pem = await issue(await createAuthority(60), { ...names, validSeconds: 60 })
    const server = identityOf('orders')
    const gateway = identityOf('gateway')
    replaceFile(filesOf(path, 'orders').certificate, pem)
    const url = urlOf(await startServer(server))
    expect((await callerWith(gateway)(url)).status).toBe(200)
    server.reload()
    const elsewhere = callerWith(gateway)
    await expect(elsewhere(url)).rejects.toMatchObject({ cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } })
  })

  it('sees the new certificate of a caller with the next request, over a new connection', async () => {
    const url = urlOf(await startServer(identityOf('orders')))
    const gateway = identityOf('gateway')
    const send = callerWith(gateway)
    const shown = async () => (await send(url)).json()
    const serial = () => new X509Certificate(gateway.material.cert).serialNumber
    const first = serial()
    expect(await shown()).toEqual([first, 0])
    await writeCertificates(path)
    expect(await shown()).toEqual([first, 0])
    gateway.reload()
    expect(serial()).not.toBe(first)
    expect(await shown()).toEqual([serial(), 1])
  })
})

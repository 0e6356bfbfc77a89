import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect as connectPlain, createServer as createPlainServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect, createServer, TLSSocket, type TlsOptions } from 'node:tls'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { peerCertificateOf } from '../../src/mtls/peer-certificate.js'
import { Authority, type Issued } from './certificates.js'

let ca: Authority
let otherCa: Authority
let server: Issued
let client: Issued
let foreign: Issued

beforeAll(async () => {
  ca = await Authority.create('CN=CA')
  otherCa = await Authority.create('CN=Another CA')
  server = await ca.issue({ dnsNames: ['localhost'], usage: 'server' })
  client = await ca.issue()
  foreign = await otherCa.issue()
})

/** What a server sees of one connection; `refused` where TLS let nobody through. */
async function seen(presented: Issued | undefined, options: TlsOptions = {}, more: ConnectionOptions = {}) {
  const listener = createServer({ ...server, ca: ca.pem, requestCert: true, ...options })
  onTestFinished(() => void listener.close())
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const socketOfServer = new Promise<TLSSocket | 'refused'>((resolve) => {
    listener.once('secureConnection', resolve)
    listener.once('tlsClientError', () => resolve('refused'))
  })
  const { port } = listener.address() as AddressInfo
  const { cert, key } = presented ?? {}
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: ca.pem, cert, key, ...more })
  socket.on('error', () => {})
  const session = new Promise<Buffer | undefined>((resolve) => {
    socket.once('session', resolve)
    socket.once('close', () => resolve(undefined))
  })
  const accepted = await socketOfServer
  if (accepted === 'refused') return { certificate: accepted, session: undefined, isReused: false }
  const certificate = peerCertificateOf(accepted)
  const isReused = accepted.isSessionReused()
  // A TLS 1.3 ticket comes behind the handshake, and is read with what follows.
  accepted.write('x')
  const ticket = isReused ? undefined : await session
  socket.destroy()
  return { certificate, session: ticket, isReused }
}

describe('peerCertificateOf', () => {
  it('is the certificate that TLS accepted', async () => {
    expect((await seen(client)).certificate).toEqual({ raw: client.raw, isAuthorized: true })
  })

  it('is not authorized where TLS let a foreign one through', async () => {
    const { certificate } = await seen(foreign, { rejectUnauthorized: false })
    expect(certificate).toEqual({ raw: foreign.raw, isAuthorized: false })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'nobody comes through with a foreign one, or with none, where TLS is to refuse (%s)',
    async (version) => {
      const options = { minVersion: version, maxVersion: version }
      expect((await seen(foreign, options)).certificate).toBe('refused')
      expect((await seen(undefined, options)).certificate).toBe('refused')
    },
  )

  it('a server certificate does not authorize a client', async () => {
    expect((await seen(server, { rejectUnauthorized: false })).certificate).toMatchObject({ isAuthorized: false })
  })

  it('is absent where none was shown, or none was asked for', async () => {
    expect((await seen(undefined, { rejectUnauthorized: false })).certificate).toBeUndefined()
    expect((await seen(client, { requestCert: false })).certificate).toBeUndefined()
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is that of the session where one is resumed (%s)', async (version) => {
    const options: TlsOptions = { minVersion: version, maxVersion: version, ticketKeys: Buffer.alloc(48, 7) }
    const { session } = await seen(client, options)
    expect(session).toBeDefined()
    const resumed = await seen(undefined, options, { session })
    expect(resumed.isReused).toBe(true)
    expect(resumed.certificate).toEqual({ raw: client.raw, isAuthorized: true })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a session that is resumed makes a foreign one no better (%s)',
    async (version) => {
      const options: TlsOptions = {
        minVersion: version,
        maxVersion: version,
        rejectUnauthorized: false,
        ticketKeys: Buffer.alloc(48, 7),
      }
      const { session } = await seen(foreign, options)
      const resumed = await seen(undefined, options, { session })
      expect(resumed.isReused).toBe(true)
      expect(resumed.certificate).toEqual({ raw: foreign.raw, isAuthorized: false })
    },
  )

  it('an error that TLS found later takes the word back', async () => {
    const socket = new TLSSocket(undefined as unknown as Socket)
    onTestFinished(() => void socket.destroy())
    const state = { authorized: true, authorizationError: 'CERT_HAS_EXPIRED' }
    Object.assign(socket, state, { getPeerX509Certificate: () => ({ raw: client.raw }) })
    expect(peerCertificateOf(socket)).toEqual({ raw: client.raw, isAuthorized: false })
  })

  it('is absent on a plain connection, and where there is none', async () => {
    const listener = createPlainServer()
    onTestFinished(() => void listener.close())
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const accepted = once(listener, 'connection')
    const socket = connectPlain((listener.address() as AddressInfo).port, '127.0.0.1')
    const [plain] = (await accepted) as [Socket]
    expect(peerCertificateOf(plain)).toBeUndefined()
    expect(peerCertificateOf(undefined)).toBeUndefined()
    // An object that says of itself what only a connection can.
    const pretended = { encrypted: true, authorized: true, getPeerX509Certificate: () => ({ raw: client.raw }) }
    expect(peerCertificateOf(pretended as unknown as Socket)).toBeUndefined()
    socket.destroy()
    plain.destroy()
  })
})

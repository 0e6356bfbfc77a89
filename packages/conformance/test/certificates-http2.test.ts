import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createVerifier, mutualTls } from '@countersign/core'
import countersign from '@countersign/fastify'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { certificates, type IdentityName, spiffeId } from '../src/foreign/certificates.js'
import { tlsOptions } from '../src/target/tls.js'

/** Over HTTP/2 Fastify shows a stand-in for the socket. */
it('a client certificate counts over HTTP/2 as it does over HTTP/1.1', async () => {
  const { ca, server, clients } = await certificates()
  const verifier = createVerifier({
    audience: 'target',
    schemes: [mutualTls({ identity: 'spiffe', clients: [{ name: spiffeId('billing'), client: 'billing' }] })],
    audit: null,
  })
  const app = fastify({ http2: true, https: tlsOptions({ ...server, ca }) })
  await app.register(countersign, { verifier })
  app.get('/', (request) => ({ id: request.auth.principal.id }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const get = async (name: IdentityName | undefined) => {
    const { cert, key } = name === undefined ? {} : clients[name]
    const session: ClientHttp2Session = connect(`https://127.0.0.1:${port}`, {
      ca,
      cert,
      key,
      servername: 'target.test',
    })
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response')
    const body = await json(stream)
    session.destroy()
    return { status: headers[':status'], body }
  }
  onTestFinished(() => app.close())
  expect(await get('billing')).toEqual({ status: 200, body: { id: 'billing' } })
  expect(await get('foreign')).toMatchObject({ status: 401, body: { code: 'certificate_invalid' } })
  expect(await get('stranger')).toMatchObject({ status: 401, body: { code: 'certificate_unknown' } })
  expect(await get(undefined)).toMatchObject({ status: 401, body: { code: 'missing_credentials' } })
})

// One request that must pass and three that must not, through each adapter that can be had here.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createSigner } from '@countersign/client'
import { createVerifier, hmac, keyRing, memoryReplayStore } from '@countersign/core'
import { countersign as expressAuth } from '@countersign/express'
import countersign from '@countersign/fastify'
import express from 'express'
import fastify from 'fastify'

const secret = 'a secret of thirty-two bytes ....'
const body = '{"amount":1000}'
const policy = { anyRole: ['orders:write'] }

function newVerifier(records) {
  const write = (record) => records.push(record)
  return createVerifier({
    audience: 'orders',
    schemes: [
      hmac({
        keys: keyRing([{ id: 'billing-1', client: 'billing', secret, roles: ['orders:write'] }]),
        replay: memoryReplayStore(),
      }),
    ],
    audit: { info: write, warn: write, error: write },
  })
}

async function onFastify(verifier) {
  const app = fastify()
  await app.register(countersign, { verifier })
  app.post('/orders', { config: { auth: policy } }, ({ auth, body }) => ({ id: auth.principal.id, body }))
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
}

function onExpress(mount) {
  return async (verifier) => {
    const app = express()
    mount(app, expressAuth({ verifier }))
    const server = createServer(app)
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
  }
}

const answer = (req, res) => res.json({ id: req.auth.principal.id, body: req.body })

const services = {
  fastify: onFastify,
  express: onExpress((app, auth) => app.post('/orders', auth(policy), express.json(), answer)),
  'express, guarded as a whole': onExpress((app, auth) => {
    app.use(auth()).use(express.json()).post('/orders', auth(policy), answer)
  }),
  'express, auth.router()': onExpress((app, auth) => {
    app.use(auth.router().post('/orders', policy, express.json(), answer))
  }),
}

for (const [name, start] of Object.entries(services)) {
  const records = []
  const { url, close } = await start(newVerifier(records))
  const headers = { 'content-type': 'application/json' }
  const signer = createSigner({ keyId: 'billing-1', secret, audience: 'orders' })
  const signed = { ...headers, ...signer.sign({ method: 'POST', url: `${url}/orders`, headers, body }) }
  const other = { ...headers, ...signer.sign({ method: 'POST', url: `${url}/orders`, headers, body }) }
  const send = async (sentHeaders, sentBody) => {
    const response = await fetch(`${url}/orders`, { method: 'POST', headers: sentHeaders, body: sentBody })
    return [response.status, await response.json()]
  }

  assert.deepEqual(await send(signed, body), [200, { id: 'billing', body: { amount: 1000 } }], name)
  const refused = [await send(signed, body), await send(other, '{"amount":9000}'), await send(headers, body)]
  assert.deepEqual(
    refused.map(([status, { code }]) => [status, code]),
    [
      [401, 'replayed'],
      [401, 'content_digest_mismatch'],
      [401, 'missing_credentials'],
    ],
    name,
  )
  assert.deepEqual(
    records.map(({ outcome, reason }) => reason ?? outcome),
    ['allow', 'replayed', 'content_digest_mismatch', 'missing_credentials'],
    name,
  )
  await close()
}

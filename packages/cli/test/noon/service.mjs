// A service as its users write one: keys from a file, health for everybody, orders for those who sign.

import { createVerifier, hmac, keyFile, memoryReplayStore } from '@countersign/core'
import { countersign as forExpress } from '@countersign/express'
import forFastify from '@countersign/fastify'
import express from 'express'
import Fastify from 'fastify'

const [framework, path] = process.argv.slice(2)
const verifier = createVerifier({
  audience: 'orders',
  schemes: [hmac({ keys: keyFile(path), replay: memoryReplayStore() })],
  audit: null,
})
await verifier.warmup()

let server
if (framework === 'fastify') {
  const app = Fastify()
  await app.register(forFastify, { verifier })
  app.get('/health', { config: { auth: 'public' } }, () => verifier.health())
  app.get('/orders', { config: { auth: { anyRole: ['orders:write'] } } }, (request) => ({
    keyId: request.auth.principal.keyId,
  }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  server = app.server
} else {
  const app = express()
  const auth = forExpress({ verifier })
  app.get('/health', async (_, response) => response.json(await verifier.health()))
  app.use(auth())
  app.get('/orders', auth({ anyRole: ['orders:write'] }), (request, response) =>
    response.json({ keyId: request.auth.principal.keyId }),
  )
  server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
}
process.stdout.write(`http://127.0.0.1:${server.address().port}\n`)

const assert = require('node:assert/strict')
const { createSigner, signedFetch } = require('@countersign/client')
const { createVerifier } = require('@countersign/core')
const { readBody } = require('@countersign/core/adapter')
const { canonicalText } = require('@countersign/core/hmac')
const { countersign: express } = require('@countersign/express')
const { countersign, default: fastify } = require('@countersign/fastify')
const { createTokenIssuer } = require('@countersign/issuer')
const { issuerRouter } = require('@countersign/issuer/express')
const { issuerRoutes } = require('@countersign/issuer/fastify')
const { collectMetrics } = require('@countersign/prometheus')
const { redisConnection } = require('@countersign/redis')
const { redisRefreshStore } = require('@countersign/redis/refresh')

assert.equal(fastify, countersign)
const functions = [
  collectMetrics,
  createSigner,
  signedFetch,
  createTokenIssuer,
  createVerifier,
  readBody,
  canonicalText,
  express,
  fastify,
  issuerRouter,
  issuerRoutes,
  redisConnection,
  redisRefreshStore,
]
for (const thing of functions) {
  assert.equal(typeof thing, 'function')
}

const assert = require('node:assert/strict')
const { createSigner, signedFetch } = require('@countersign/client')
const { createVerifier } = require('@countersign/core')
const { readBody } = require('@countersign/core/adapter')
const { canonicalText } = require('@countersign/core/hmac')
const { countersign: express } = require('@countersign/express')
const { countersign, default: fastify } = require('@countersign/fastify')
const { collectMetrics } = require('@countersign/prometheus')
const { redisConnection } = require('@countersign/redis')

assert.equal(fastify, countersign)
const functions = [
  collectMetrics,
  createSigner,
  signedFetch,
  createVerifier,
  readBody,
  canonicalText,
  express,
  fastify,
  redisConnection,
]
for (const thing of functions) {
  assert.equal(typeof thing, 'function')
}

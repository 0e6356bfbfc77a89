import assert from 'node:assert/strict'
import { createSigner, signedFetch } from '@countersign/client'
import { createVerifier } from '@countersign/core'
import { peerCertificateOf, readBody } from '@countersign/core/adapter'
import { canonicalText } from '@countersign/core/hmac'
import { countersign as express } from '@countersign/express'
import fastify, { countersign } from '@countersign/fastify'
import { collectMetrics } from '@countersign/prometheus'
import { redisConnection } from '@countersign/redis'

assert.equal(fastify, countersign)
const functions = [
  collectMetrics,
  createSigner,
  signedFetch,
  createVerifier,
  peerCertificateOf,
  readBody,
  canonicalText,
  express,
  fastify,
  redisConnection,
]
for (const thing of functions) {
  assert.equal(typeof thing, 'function')
}

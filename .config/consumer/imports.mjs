import assert from 'node:assert/strict'
import { createSigner, signedFetch } from '@countersign/client'
import { createVerifier } from '@countersign/core'
import { peerCertificateOf, readBody } from '@countersign/core/adapter'
import { canonicalText } from '@countersign/core/hmac'
import { countersign as express } from '@countersign/express'
import fastify, { countersign } from '@countersign/fastify'
import { createTokenIssuer } from '@countersign/issuer'
import { issuerRouter } from '@countersign/issuer/express'
import issuerRoutes from '@countersign/issuer/fastify'
import { collectMetrics } from '@countersign/prometheus'
import { redisConnection } from '@countersign/redis'
import { redisRefreshStore } from '@countersign/redis/refresh'

assert.equal(fastify, countersign)
const functions = [
  collectMetrics,
  createSigner,
  signedFetch,
  createTokenIssuer,
  createVerifier,
  peerCertificateOf,
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

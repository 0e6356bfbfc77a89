import assert from 'node:assert/strict'
import { createSigner, signedFetch } from '@countersign/client'
import { createVerifier } from '@countersign/core'
import { readBody } from '@countersign/core/body'
import { canonicalText } from '@countersign/core/hmac'
import { peerCertificateOf } from '@countersign/core/mtls'
import { countersign as express } from '@countersign/express'
import fastify, { countersign } from '@countersign/fastify'

assert.equal(fastify, countersign)
const things = [createSigner, signedFetch, createVerifier, readBody, canonicalText, peerCertificateOf, express, fastify]
for (const thing of things) {
  assert.equal(typeof thing, 'function')
}

import assert from 'node:assert/strict'
import { createSigner, signedFetch } from '@countersign/client'
import { createVerifier } from '@countersign/core'
import { readBody } from '@countersign/core/adapter'
import { canonicalText } from '@countersign/core/hmac'
import { countersign as express } from '@countersign/express'
import fastify, { countersign } from '@countersign/fastify'

assert.equal(fastify, countersign)
for (const thing of [createSigner, signedFetch, createVerifier, readBody, canonicalText, express, fastify]) {
  assert.equal(typeof thing, 'function')
}

const assert = require('node:assert/strict')
const { createSigner, signedFetch } = require('@countersign/client')
const { createVerifier } = require('@countersign/core')
const { readBody } = require('@countersign/core/adapter')
const { canonicalText } = require('@countersign/core/hmac')
const { countersign: express } = require('@countersign/express')
const { countersign, default: fastify } = require('@countersign/fastify')

assert.equal(fastify, countersign)
for (const thing of [createSigner, signedFetch, createVerifier, readBody, canonicalText, express, fastify]) {
  assert.equal(typeof thing, 'function')
}

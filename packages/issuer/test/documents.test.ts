import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { bearer, createVerifier, discovery } from '@countersign/core'
import countersign from '@countersign/fastify'
import express, { type Express } from 'express'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { issuerRouter } from '../src/express.js'
import issuerRoutes from '../src/fastify.js'
import { createTokenIssuer, memorySigningKeys, type TokenIssuer, type TokenIssuerOptions } from '../src/index.js'
import { ALICE, bearing, ISSUER } from './kit.js'

async function made(options: Partial<TokenIssuerOptions> = {}): Promise<TokenIssuer> {
  const issuer = createTokenIssuer({
    issuer: ISSUER,
    audiences: ['orders', 'inventory'],
    keys: memorySigningKeys(),
    audit: null,
    ...options,
  })
  await issuer.warmup()
  return issuer
}

/** It has no types of its own; what is used of it is the same. */
const express4: typeof express = createRequire(import.meta.url)('express4')

type Serve = (issuer: TokenIssuer, port?: number) => Promise<string>

const onFastify: Serve = async (issuer, port = 0) => {
  const app = fastify()
  await app.register(issuerRoutes, { issuer })
  onTestFinished(() => app.close())
  return app.listen({ port, host: '127.0.0.1' })
}

const onExpress =
  (make: () => Express): Serve =>
  async (issuer, port = 0) => {
    const app = make()
    app.use(issuerRouter({ issuer }))
    const server = app.listen(port, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

const FRAMEWORKS: readonly (readonly [string, Serve])[] = [
  ['Fastify', onFastify],
  ['Express 5', onExpress(express)],
  ['Express 4', onExpress(express4)],
]

const HEADERS = ['content-type', 'cache-control', 'x-content-type-options', 'content-length', 'retry-after']

async function get(url: string, method = 'GET') {
  const response = await fetch(url, { method })
  const headers = Object.fromEntries(HEADERS.map((name) => [name, response.headers.get(name)]))
  return { status: response.status, headers, text: await response.text() }
}

describe('what is published', () => {
  it.each(FRAMEWORKS)('on %s: the JWK Set and the metadata, to be kept for a while', async (_, serve) => {
    const issuer = await made({ jwksMaxAgeSeconds: 120 })
    const url = await serve(issuer)
    const jwks = await get(`${url}/.well-known/jwks.json`)
    expect(jwks).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/jwk-set+json',
        'cache-control': 'public, max-age=120',
        'x-content-type-options': 'nosniff',
      },
    })
    const { keys } = JSON.parse(jwks.text)
    expect(keys).toEqual([
      { kty: 'OKP', crv: 'Ed25519', x: expect.any(String), use: 'sig', alg: 'EdDSA', kid: expect.any(String) },
    ])
    const metadata = await get(`${url}/.well-known/oauth-authorization-server`)
    expect(metadata).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
    })
    expect(JSON.parse(metadata.text)).toEqual({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: ['client_credentials'],
    })
    expect(await get(`${url}/.well-known/jwks.json`, 'HEAD')).toMatchObject({
      status: 200,
      text: '',
      headers: jwks.headers,
    })
  })

  it('is the same on all of them, to the byte', async () => {
    const issuer = await made()
    const replies = await Promise.all(
      FRAMEWORKS.map(async ([, serve]) => {
        const url = await serve(issuer)
        return Promise.all(['jwks.json', 'oauth-authorization-server'].map((name) => get(`${url}/.well-known/${name}`)))
      }),
    )
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1)
  })

  it.each(FRAMEWORKS)('on %s: no set where there are no keys, for an empty one would be kept', async (_, serve) => {
    const issuer = createTokenIssuer({ issuer: ISSUER, audiences: ['orders'], keys: memorySigningKeys(), audit: null })
    const reply = await get(`${await serve(issuer)}/.well-known/jwks.json`)
    expect(reply).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store', 'retry-after': '5' } })
  })

  it('an issuer with a path has its metadata where RFC 8414 section 3.1 says, and says what it can', async () => {
    const issuer = await made({
      issuer: `${ISSUER}/tenant`,
      exchange: [{ actor: 'orders', targets: ['inventory'] }],
      metadata: { token_endpoint: `${ISSUER}/tenant/token` },
    })
    const url = await onFastify(issuer)
    expect((await get(`${url}/tenant/.well-known/jwks.json`)).status).toBe(200)
    const metadata = await get(`${url}/.well-known/oauth-authorization-server/tenant`)
    expect(JSON.parse(metadata.text)).toEqual({
      issuer: `${ISSUER}/tenant`,
      jwks_uri: `${ISSUER}/tenant/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      token_endpoint: `${ISSUER}/tenant/token`,
    })
  })

  it('is public on a server that is protected', async () => {
    const issuer = await made()
    const app = fastify()
    const schemes = [bearer({ issuers: [{ issuer: ISSUER, algorithms: ['EdDSA'], keys: issuer.verificationKeys }] })]
    await app.register(countersign, { verifier: createVerifier({ audience: 'id', schemes, audit: null }) })
    await app.register(issuerRoutes, { issuer })
    onTestFinished(() => app.close())
    expect((await app.inject('/.well-known/jwks.json')).statusCode).toBe(200)
    expect((await app.inject('/elsewhere')).statusCode).toBe(401)
  })

  it.each(FRAMEWORKS)('on %s is found by core’s discovery', async (_, serve) => {
    // The port is known before the issuer is: its name has it.
    const free = fastify()
    const url = await free.listen({ port: 0, host: '127.0.0.1' })
    await free.close()
    const issuer = await made({ issuer: url })
    await serve(issuer, Number(new URL(url).port))
    const verifier = createVerifier({
      audience: 'orders',
      schemes: [
        bearer({ issuers: [{ issuer: url, algorithms: ['EdDSA'], keys: discovery(url), tokenType: 'at+jwt' }] }),
      ],
      audit: null,
    })
    onTestFinished(() => verifier.close())
    await verifier.warmup()
    const { accessToken } = await issuer.issueAccessToken({ ...ALICE, authTime: 1 })
    expect((await verifier.verify(bearing(accessToken), 'authenticated')).outcome).toBe('allow')
  })
})

import type { AddressInfo } from 'node:net'
import { bearer, createVerifier, discovery } from '@countersign/core'
import { countersign as countersignExpress } from '@countersign/express'
import countersign from '@countersign/fastify'
import { createTokenIssuer, memorySigningKeys, type TokenIssuer } from '@countersign/issuer'
import issuerRoutes from '@countersign/issuer/fastify'
import express from 'express'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUDIENCE, signingKey } from '../jwks/jwks-server.js'
import { type RunningProvider, startProvider } from '../jwks/provider.js'

/* A certified provider's access tokens and ours, at one verifier that knows of both no more than their issuer: nobody can tell them apart. */

const ROUTES = {
  '/any': 'authenticated',
  '/orders': { allScopes: ['orders:read'] },
  '/place': { allScopes: ['orders:read', 'orders:write'] },
  '/admin': { anyRole: ['admin'] },
} as const

/** Whoever gives the client `shop` an access token. */
interface Source {
  readonly issuer: string
  token(scope: string): Promise<string>
}

async function ours(): Promise<Source & { readonly tokens: TokenIssuer }> {
  const app = fastify()
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  await app.close()
  const tokens = createTokenIssuer({
    issuer: url,
    audiences: [AUDIENCE, 'elsewhere'],
    keys: memorySigningKeys({ algorithm: 'ES256' }),
    audit: null,
  })
  await tokens.warmup()
  const server = fastify()
  await server.register(issuerRoutes, { issuer: tokens })
  await server.listen({ port: Number(new URL(url).port), host: '127.0.0.1' })
  onTestFinished(async () => {
    await server.close()
    await tokens.close()
  })
  return {
    issuer: url,
    tokens,
    async token(scope) {
      const { accessToken } = await tokens.issueServiceToken({
        clientId: 'shop',
        audience: AUDIENCE,
        scopes: scope.split(' '),
      })
      return accessToken
    },
  }
}

function verifierOf(sources: readonly Source[]) {
  const verifier = createVerifier({
    audience: AUDIENCE,
    schemes: [
      bearer({
        issuers: sources.map(({ issuer }) => {
          return { issuer, algorithms: ['ES256'], keys: discovery(issuer), tokenType: 'at+jwt' }
        }),
      }),
    ],
    audit: null,
  })
  onTestFinished(() => verifier.close())
  return verifier
}

type Verifier = ReturnType<typeof verifierOf>

async function onFastify(verifier: Verifier): Promise<string> {
  const app = fastify()
  await app.register(countersign, { verifier })
  for (const [url, auth] of Object.entries(ROUTES))
    app.get(url, { config: { auth } }, ({ auth }) => ({ for: auth.principal.id }))
  onTestFinished(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

async function onExpress(verifier: Verifier): Promise<string> {
  const app = express()
  const auth = countersignExpress({ verifier })
  for (const [url, policy] of Object.entries(ROUTES)) {
    app.get(url, auth(policy), (req, res) => void res.json({ for: req.auth.principal.id }))
  }
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Status, challenge and body, but for the id of the request. */
async function ask(url: string, token: string): Promise<string> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const { requestId: _, ...body } = (await response.json()) as Record<string, unknown>
  return JSON.stringify([response.status, response.headers.get('www-authenticate'), body])
}

const spoilt = (token: string) => token.slice(0, -8) + (token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA')
const partsOf = (token: string) =>
  token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

describe('tokens of oidc-provider and ours', () => {
  it.each([
    ['Fastify', onFastify],
    ['Express', onExpress],
  ])('get the same decisions on %s, to the byte', async (_, serve) => {
    const provider: RunningProvider = await startProvider(signingKey('one'))
    const sources: readonly Source[] = [provider, await ours()]
    const url = await serve(verifierOf(sources))
    const decisions = await Promise.all(
      sources.map(async (source) => {
        const answers: string[] = []
        for (const scope of ['orders:read', 'orders:write', 'orders:read orders:write']) {
          const token = await source.token(scope)
          for (const route of Object.keys(ROUTES)) {
            answers.push(await ask(url + route, token), await ask(url + route, spoilt(token)))
          }
        }
        return answers
      }),
    )
    expect(decisions[1]).toEqual(decisions[0])
    const statuses = decisions.flat().map((answer) => JSON.parse(answer)[0])
    expect(new Set(statuses)).toEqual(new Set([200, 401, 403]))
  })

  it('have the same header and the same claims, each with its own values', async () => {
    const provider = await startProvider(signingKey('one'))
    const source = await ours()
    const [theirs, own] = await Promise.all(
      [provider, source].map(async (one) => partsOf(await one.token('orders:read'))),
    )
    expect(own?.map((part) => Object.keys(part).sort())).toEqual(theirs?.map((part) => Object.keys(part).sort()))
    for (const name of ['sub', 'aud', 'client_id', 'scope']) expect(own?.[1][name]).toEqual(theirs?.[1][name])
    expect([own?.[0].typ, own?.[0].alg]).toEqual([theirs?.[0].typ, theirs?.[0].alg])
  })

  it('are not taken for one another’s: each issuer’s keys are good for its own', async () => {
    const provider = await startProvider(signingKey('one'))
    const source = await ours()
    const url = await onFastify(verifierOf([provider]))
    const { accessToken } = await source.tokens.issueServiceToken({ clientId: 'shop', audience: AUDIENCE })
    expect(await ask(`${url}/any`, accessToken)).toContain('401')
    const both = await onFastify(verifierOf([provider, source]))
    const elsewhere = await source.tokens.issueServiceToken({ clientId: 'shop', audience: 'elsewhere' })
    expect(await ask(`${both}/any`, accessToken)).toContain('200')
    expect(await ask(`${both}/any`, elsewhere.accessToken)).toContain('audience_invalid')
  })
})

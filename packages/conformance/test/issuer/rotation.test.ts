import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bearer, createVerifier, JWKS_CHANNEL, type JwksEvent, remoteJwks } from '@countersign/core'
import countersign from '@countersign/fastify'
import { createTokenIssuer, signingKeyFile, type TokenIssuer } from '@countersign/issuer'
import issuerRoutes from '@countersign/issuer/fastify'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'

/* Two processes issue tokens from one key file, a service knows their keys by a URL. All clocks go thirty times as fast as they look. */

const SPEED = 30
const ISSUER = 'https://id.test'
const AUDIENCE = 'target'
const startedAt = performance.now()
const NOW = 1_795_348_800
const clock = () => NOW + ((performance.now() - startedAt) / 1000) * SPEED

/** A set is kept for 2 seconds, a key published 4 before it signs, and signs for 6; a token lives for 2. */
const MAX_AGE = 60
const AHEAD = 120
const ROTATE = 180
const TOKEN = 60

const runtime = {
  monotonic: () => (performance.now() / 1000) * SPEED,
  after(seconds: number, act: () => void, holding: string) {
    const timer = setTimeout(act, (seconds * 1000) / SPEED)
    if (holding === 'lets it end') timer.unref()
    return () => clearTimeout(timer)
  },
}

async function issuerOn(path: string): Promise<TokenIssuer> {
  const keys = signingKeyFile(path, {
    kek: { id: 'kek-1', bytes: Buffer.alloc(32, 5) },
    rotateSeconds: ROTATE,
    publishAheadSeconds: AHEAD,
    pollSeconds: 0.1,
  })
  const issuer = createTokenIssuer({
    issuer: ISSUER,
    audiences: [AUDIENCE],
    keys,
    accessTokenSeconds: TOKEN,
    serviceTokenSeconds: TOKEN,
    jwksMaxAgeSeconds: MAX_AGE,
    audit: null,
    clock,
  })
  onTestFinished(() => issuer.close())
  await issuer.warmup()
  return issuer
}

/** A service that has the keys of the issuer from where it publishes them. */
async function serviceOn(issuer: TokenIssuer): Promise<(token: string) => Promise<number>> {
  const id = fastify()
  await id.register(issuerRoutes, { issuer })
  const published = await id.listen({ port: 0, host: '127.0.0.1' })
  const keys = remoteJwks(`${published}/.well-known/jwks.json`, { runtime, timeoutSeconds: 60 })
  const verifier = createVerifier({
    audience: AUDIENCE,
    schemes: [
      bearer({ issuers: [{ issuer: ISSUER, algorithms: ['EdDSA'], keys, tokenType: 'at+jwt' }], skewSeconds: 0 }),
    ],
    audit: null,
    clock,
  })
  await verifier.warmup()
  const app = fastify()
  await app.register(countersign, { verifier })
  app.get('/', ({ auth }) => auth.principal.id)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await app.close()
    await verifier.close()
    await id.close()
  })
  return async (token) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await response.arrayBuffer()
    return response.status
  }
}

/** Two hundred a second. */
const MILLISECONDS_EACH = 5

interface Minted {
  readonly token: string
  readonly kid: string
  readonly expiresAt: number
}

async function mint(issuer: TokenIssuer): Promise<Minted> {
  const { accessToken: token, expiresAt } = await issuer.issueServiceToken({ clientId: 'shop', audience: AUDIENCE })
  const { kid } = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
  return { token, kid, expiresAt }
}

it('under two hundred requests a second, while the issuer rotates its keys, no good token is refused', {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-rotation-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const refreshes: JwksEvent[] = []
  const look = (event: unknown) => void refreshes.push(event as JwksEvent)
  subscribe(JWKS_CHANNEL, look)
  onTestFinished(() => void unsubscribe(JWKS_CHANNEL, look))
  const issuers = [await issuerOn(join(folder, 'keys.json')), await issuerOn(join(folder, 'keys.json'))]
  const status = await serviceOn(issuers[0] as TokenIssuer)

  const good = { count: 0, statuses: new Set<number>() }
  const over = { count: 0, statuses: new Set<number>() }
  const kids = new Set<string>()
  let minted: Minted[] = []
  const send = async ({ token, expiresAt }: Minted) => {
    const wasOver = clock() >= expiresAt
    const answer = await status(token)
    // Good all the time that it was under way, or over when it was sent.
    const seen = wasOver ? over : clock() < expiresAt ? good : undefined
    if (seen === undefined) return
    seen.count++
    seen.statuses.add(answer)
  }
  const pending = new Set<Promise<void>>()
  const start = (one: Minted) => {
    const sending = send(one).finally(() => pending.delete(sending))
    pending.add(sending)
  }
  const begun = performance.now()
  let sent = 0
  // Two rotations at least; a machine that is busy gets longer, and no more at once than it can bear.
  for (let elapsed = 0; elapsed < 40_000 && (kids.size < 3 || elapsed < 13_500); elapsed = performance.now() - begun) {
    while (sent < elapsed / MILLISECONDS_EACH && pending.size < 20) {
      if (sent++ % 10 > 0) start(minted[Math.floor(Math.random() * minted.length)] as Minted)
      else {
        const fresh = await mint(issuers[(sent >> 4) & 1] as TokenIssuer)
        kids.add(fresh.kid)
        minted = [...minted.slice(-80), fresh]
        // At once: the first token of a new key as well.
        start(fresh)
      }
    }
    sent = Math.max(sent, Math.floor(elapsed / MILLISECONDS_EACH) - 20)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(pending)

  expect(good.statuses).toEqual(new Set([200]))
  expect(good.count).toBeGreaterThan(500)
  expect(over.statuses).toEqual(new Set([401]))
  expect(kids.size).toBeGreaterThanOrEqual(3)
  // Both processes published the same at the end, and never more than the next, the current and those before.
  expect(issuers[1]?.jwks()).toEqual(issuers[0]?.jwks())
  expect(issuers[0]?.jwks().keys.length).toBeLessThanOrEqual(2 + Math.ceil((TOKEN + 300) / ROTATE))
  // The service knew each key before it saw a token of it: it was published long enough.
  const looked = refreshes.filter((event) => 'cause' in event && event.cause === 'unknown_kid')
  expect(looked.length).toBeLessThanOrEqual(1)
})

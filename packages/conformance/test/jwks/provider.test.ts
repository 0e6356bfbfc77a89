import { bearer, createVerifier, type DiscoveryOptions, discovery } from '@countersign/core'
import countersign from '@countersign/fastify'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUDIENCE, type SigningKey, signingKey } from './jwks-server.js'
import { kidOf, type RunningProvider, startProvider } from './provider.js'

/** A service on Fastify that knows of its provider nothing but the issuer. */
async function startService(provider: RunningProvider, options: DiscoveryOptions = {}) {
  const issuer = { issuer: provider.issuer, algorithms: ['ES256'], tokenType: 'at+jwt' } as const
  const verifier = createVerifier({
    audience: AUDIENCE,
    schemes: [bearer({ issuers: [{ ...issuer, keys: discovery(provider.issuer, options) }] })],
    audit: null,
  })
  const app = fastify()
  await app.register(countersign, { verifier })
  app.get('/orders', { config: { auth: { allScopes: ['orders:read'] } } }, (request) => request.auth?.principal.id)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  return {
    verifier,
    async status(token: string): Promise<number> {
      const response = await fetch(`${url}/orders`, { headers: { authorization: `Bearer ${token}` } })
      await response.arrayBuffer()
      return response.status
    },
  }
}

describe('oidc-provider', () => {
  it('is found by its issuer, lazily, and its access tokens are taken for what they are', async () => {
    const provider = await startProvider(signingKey('one'))
    const { status } = await startService(provider)
    expect([...provider.requests.keys()]).toEqual([])
    expect(await status(await provider.token('orders:read orders:write'))).toBe(200)
    expect(await status(await provider.token('orders:write'))).toBe(403)
    const token = await provider.token()
    expect(await status(token.slice(0, -8) + (token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'))).toBe(401)
    expect(provider.requests.get('/.well-known/openid-configuration')).toBe(1)
    expect(provider.requests.get('/jwks')).toBe(1)
  })

  it('is found at warmup', async () => {
    const provider = await startProvider(signingKey('one'))
    const { verifier } = await startService(provider)
    await verifier.warmup()
    const { schemes } = await verifier.health()
    expect(schemes[0]?.keys[0]).toMatchObject({ issuer: provider.issuer, ready: true, keys: 1, stale: false })
  })

  it('rotates its keys under load: no good token is refused, no removed key is accepted after its time', {
    timeout: 60_000,
  }, async () => {
    const [one, two, three] = [signingKey('one'), signingKey('two'), signingKey('three')]
    const provider = await startProvider(one)
    // Forty times as fast as it looks: a set is refreshed within 1.5 seconds, an unknown kid asked for every 0.75.
    const { status, verifier } = await startService(provider, { ...FORTYFOLD, refreshSeconds: 60, timeoutSeconds: 60 })
    await verifier.warmup()
    const load = new Load(provider, status)
    const rotate = async (...keys: readonly SigningKey[]) => {
      provider.rotate(...keys)
      load.noteRotation()
      await load.flow(2)
    }
    await load.flow(1)
    // Add, promote, retire: as it should be done.
    await rotate(one, two)
    await rotate(two, one)
    await rotate(two)
    // And as it is done in an emergency.
    await rotate(three)

    const { good, removed } = load.tally()
    expect(good.statuses).toEqual(new Set([200]))
    expect(good.count).toBeGreaterThan(500)
    expect(removed.statuses).toEqual(new Set([401]))
    expect(removed.count).toBeGreaterThan(50)
    expect(load.kids).toEqual(new Set(['one', 'two', 'three']))
    // Once at warmup, then every 1.2 to 1.35 seconds, and for each unknown kid at most once in 0.75.
    expect(provider.requests.get('/jwks')).toBeLessThanOrEqual(
      1 + Math.ceil(load.seconds / 1.2) + Math.ceil(load.seconds / 0.75),
    )
    expect(provider.requests.get('/.well-known/openid-configuration')).toBe(1)
  })
})

const SPEED = 40
const FORTYFOLD: DiscoveryOptions = {
  runtime: {
    monotonic: () => (performance.now() / 1000) * SPEED,
    after(seconds, act, holding) {
      const timer = setTimeout(act, (seconds * 1000) / SPEED)
      if (holding === 'lets it end') timer.unref()
      return () => clearTimeout(timer)
    },
  },
}

/** Seconds after which a removed key must not be accepted: the time of a set, and what a slow machine takes to ask for the next. */
const BOUND = 60 / SPEED + 0.3

interface Sent {
  readonly kid: string
  readonly sentAt: number
  readonly status: number
  /** Whether its key was published all the time that it was under way. */
  readonly isGood: boolean
}

/** About two hundred requests a second, with tokens that the provider just made and with older ones. */
class Load {
  readonly kids = new Set<string>()
  readonly #provider: RunningProvider
  readonly #status: (token: string) => Promise<number>
  readonly #sent: Sent[] = []
  readonly #tokens: string[] = []
  readonly #removedAt = new Map<string, number>()
  #flowed = 0

  constructor(provider: RunningProvider, status: (token: string) => Promise<number>) {
    this.#provider = provider
    this.#status = status
  }

  get seconds(): number {
    return this.#flowed
  }

  noteRotation(): void {
    for (const kid of this.kids) {
      if (!this.#provider.published.has(kid) && !this.#removedAt.has(kid))
        this.#removedAt.set(kid, performance.now() / 1000)
    }
  }

  async flow(seconds: number): Promise<void> {
    const startedAt = performance.now()
    const pending: Promise<void>[] = []
    for (let tick = 0; performance.now() - startedAt < seconds * 1000; tick++) {
      if (tick % 5 === 0) pending.push(this.#mint())
      for (let request = 0; request < 2; request++) pending.push(this.#send())
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await Promise.all(pending)
    this.#flowed += (performance.now() - startedAt) / 1000
  }

  async #mint(): Promise<void> {
    const token = await this.#provider.token()
    this.kids.add(kidOf(token))
    this.#tokens.push(token)
    // New tokens are used at once: the first of a new key comes before any refresh.
    await this.#send(token)
  }

  async #send(token = this.#tokens[Math.floor(Math.random() * this.#tokens.length)]): Promise<void> {
    if (token === undefined) return
    const kid = kidOf(token)
    const sentAt = performance.now() / 1000
    const wasPublished = this.#provider.published.has(kid)
    const status = await this.#status(token)
    this.#sent.push({ kid, sentAt, status, isGood: wasPublished && this.#provider.published.has(kid) })
  }

  tally() {
    const removed = this.#sent.filter(({ kid, sentAt }) => sentAt > (this.#removedAt.get(kid) ?? Number.NaN) + BOUND)
    const count = (sent: readonly Sent[]) => ({
      count: sent.length,
      statuses: new Set(sent.map(({ status }) => status)),
    })
    return { good: count(this.#sent.filter(({ isGood }) => isGood)), removed: count(removed) }
  }
}

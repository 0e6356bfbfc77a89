import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { onTestFinished, vi } from 'vitest'
import { AUDIENCE, type SigningKey } from './jwks-server.js'

/** As much of oidc-provider, which has no types of its own, as is used here. */
interface ProviderModule {
  readonly Provider: new (issuer: string, configuration: object) => { callback(): RequestListener }
}

const CLIENT = { client_id: 'shop', client_secret: 'the secret of the shop, for tests only' }
const RESOURCE = 'urn:example:orders'

/** A certified OpenID provider on the loopback interface, whose keys are rotated as its documentation says: by a new instance. */
export class RunningProvider {
  readonly issuer: string
  /** How often each path was asked for. */
  readonly requests = new Map<string, number>()
  published: ReadonlySet<string> = new Set()
  readonly #module: ProviderModule
  #answer: RequestListener = (_, response) => response.writeHead(503).end()

  constructor(issuer: string, module: ProviderModule) {
    this.issuer = issuer
    this.#module = module
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? ''
    this.requests.set(path, (this.requests.get(path) ?? 0) + 1)
    this.#answer(request, response)
  }

  /** Signs with the first of these keys from now on, and publishes all of them. */
  rotate(...keys: readonly SigningKey[]): void {
    const jwks = keys.map(({ kid, privateKey }) => {
      return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
    })
    const provider = new this.#module.Provider(this.issuer, {
      clients: [{ ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
      jwks: { keys: jwks },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: 'orders:read orders:write',
            audience: AUDIENCE,
            accessTokenTTL: 3600,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
      enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
    })
    this.#answer = provider.callback()
    this.published = new Set(keys.map(({ kid }) => kid))
  }

  /** An access token of the client, as the provider makes them (RFC 9068). */
  async token(scope = 'orders:read'): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...CLIENT, grant_type: 'client_credentials', resource: RESOURCE, scope }),
    })
    const answer: unknown = await response.json()
    if (
      typeof answer === 'object' &&
      answer !== null &&
      'access_token' in answer &&
      typeof answer.access_token === 'string'
    ) {
      return answer.access_token
    }
    throw new Error(`no token: ${JSON.stringify(answer)}`)
  }
}

export async function startProvider(...keys: readonly SigningKey[]): Promise<RunningProvider> {
  // It says on the console what a provider in production should not do.
  for (const method of ['info', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {})
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const provider = new RunningProvider(`http://127.0.0.1:${port}`, createRequire(import.meta.url)('oidc-provider'))
  provider.rotate(...keys)
  server.on('request', provider.listener)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    vi.restoreAllMocks()
  })
  return provider
}

export function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()).kid
}

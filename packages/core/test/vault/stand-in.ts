import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KeyFile } from '../../src/key-file/index.js'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly token: string | null
  readonly namespace: string | null
}

/**
 * Stands in for HashiCorp Vault or OpenBao, as far as their HTTP API is documented: KV engine version 2 (read), token (lookup-self, renew-self). Times
 * are by its own clock, so that a test can let a token end.
 */
export class StandIn {
  /** Seconds. */
  now = 0
  readonly asked: Asked[] = []
  /** Answers every request instead, where set. */
  instead: (() => Response | Promise<Response>) | undefined
  readonly #tokens = new Map<string, { endsAt: number; ttl: number; renewable: boolean }>()
  #secret: { readonly data: unknown; readonly version: number } | undefined

  readonly mount: string
  readonly path: string

  constructor(mount = 'secret', path = 'countersign/orders') {
    this.mount = mount
    this.path = path
  }

  /** `ttl` 0: a token that does not end, as a root token. */
  issue(token: string, ttl = 0, renewable = ttl > 0): void {
    this.#tokens.set(token, { endsAt: ttl === 0 ? Number.POSITIVE_INFINITY : this.now + ttl, ttl, renewable })
  }

  revoke(token: string): void {
    this.#tokens.delete(token)
  }

  put(data: KeyFile | object | null): void {
    this.#secret = { data, version: (this.#secret?.version ?? 0) + 1 }
  }

  isLive(token: string): boolean {
    return this.now < (this.#tokens.get(token)?.endsAt ?? Number.NEGATIVE_INFINITY)
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    const path = new URL(url).pathname
    this.asked.push({
      method: init.method ?? 'GET',
      path,
      token: headers.get('x-vault-token'),
      namespace: headers.get('x-vault-namespace'),
    })
    if (this.instead !== undefined) return this.instead()
    return this.#answer(init.method ?? 'GET', path, headers.get('x-vault-token') ?? '')
  }

  #answer(method: string, path: string, token: string): Response {
    const known = this.#tokens.get(token)
    if (known === undefined || !this.isLive(token)) return errors(403, 'permission denied')
    if (method === 'GET' && path === '/v1/auth/token/lookup-self') {
      const ttl = known.ttl === 0 ? 0 : known.endsAt - this.now
      return Response.json({ data: { id: token, ttl, renewable: known.renewable, policies: ['default'] } })
    }
    if (method === 'POST' && path === '/v1/auth/token/renew-self') {
      if (!known.renewable) return errors(400, 'lease is not renewable')
      known.endsAt = this.now + known.ttl
      return Response.json({ auth: { client_token: token, lease_duration: known.ttl, renewable: known.renewable } })
    }
    if (method !== 'GET' || path !== `/v1/${this.mount}/data/${this.path}`) return errors(404)
    if (this.#secret === undefined) return errors(404)
    const { data, version } = this.#secret
    const metadata = {
      created_time: `2026-11-22T12:00:0${version}.5Z`,
      custom_metadata: null,
      deletion_time: '',
      destroyed: false,
      version,
    }
    // A version that is deleted is answered with its metadata alone.
    if (data === null)
      return Response.json({ data: { data: null, metadata: { ...metadata, deletion_time: 'x' } } }, { status: 404 })
    return Response.json({
      request_id: 'x',
      lease_id: '',
      renewable: false,
      lease_duration: 0,
      data: { data, metadata },
      wrap_info: null,
      warnings: null,
      auth: null,
    })
  }

  /** The same over HTTP, on loopback. */
  async listen(): Promise<{ readonly address: string; readonly server: Server }> {
    const server = createServer((request, response) => {
      const headers = Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as [string, string]] : [],
      )
      this.fetch(`http://x${request.url}`, { method: request.method ?? 'GET', headers })
        .then(async (reply) => {
          response.writeHead(reply.status, Object.fromEntries(reply.headers))
          response.end(Buffer.from(await reply.arrayBuffer()))
        })
        .catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
  }
}

const errors = (status: number, ...texts: string[]) => Response.json({ errors: texts }, { status })

import { withinSeconds } from '../deadline.js'
import { KeyFeedError } from '../key-file/feed.js'
import { parseJson } from '../key-file/json.js'

/** `fetch` of the Fetch standard, as far as it is used here. */
export type VaultFetch = (url: string, init: RequestInit) => Promise<Response>

export interface VaultClientSettings {
  /** Origin, without a path. */
  readonly address: string
  readonly namespace: string | undefined
  readonly timeoutSeconds: number
  readonly limitBytes: number
  readonly fetch: VaultFetch
}

/** What the statuses of the API mean, as far as it matters here. */
export type VaultOutcome = 'ok' | 'denied' | 'absent' | 'sealed' | 'failed'

const OUTCOMES: ReadonlyMap<number, VaultOutcome> = new Map([
  [200, 'ok'],
  [403, 'denied'],
  [404, 'absent'],
  [503, 'sealed'],
])

/** What a server answered: never quoted in a message. */
export interface VaultReply {
  readonly outcome: VaultOutcome
  readonly status: number
  /** `ok` only. */
  readonly body: unknown
}

/** Speaks the HTTP API of HashiCorp Vault and OpenBao: one request, one JSON answer, no redirect followed. */
export class VaultClient {
  readonly #settings: VaultClientSettings

  constructor(settings: VaultClientSettings) {
    this.#settings = settings
  }

  /**
   * @throws {KeyFeedError} no connection, a redirect, no whole answer in time, one that is too long or no JSON. Names no token.
   * Does NOT take another outcome than `ok` for a failure.
   */
  async ask(method: 'GET' | 'POST', path: string, token: string): Promise<VaultReply> {
    const { timeoutSeconds } = this.#settings
    const controller = new AbortController()
    const late = () => new KeyFeedError(`no whole answer within ${timeoutSeconds} s`)
    try {
      return await withinSeconds(this.#ask(method, path, token, controller.signal), timeoutSeconds, late)
    } catch (error) {
      throw error instanceof KeyFeedError ? error : new KeyFeedError(`the connection failed${codeOf(error)}`)
    } finally {
      // Also what is left of a body that nobody reads any more.
      controller.abort()
    }
  }

  async #ask(method: string, path: string, token: string, signal: AbortSignal): Promise<VaultReply> {
    const { address, namespace, fetch } = this.#settings
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers: {
        accept: 'application/json',
        'x-vault-request': 'true',
        'x-vault-token': token,
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      // The token must go nowhere else.
      redirect: 'manual',
      signal,
    })
    const { status, type } = response
    if (type === 'opaqueredirect' || (status >= 300 && status < 400))
      throw new KeyFeedError('it redirects, which is not followed')
    const outcome = OUTCOMES.get(status) ?? 'failed'
    return { outcome, status, body: outcome === 'ok' ? this.#parse(await this.#read(response)) : undefined }
  }

  async #read({ headers, body }: Response): Promise<Buffer> {
    const { limitBytes } = this.#settings
    const tooLong = () => new KeyFeedError(`its answer is larger than ${limitBytes} bytes`)
    if (Number(headers.get('content-length') ?? 0) > limitBytes) throw tooLong()
    const chunks: Uint8Array[] = []
    let length = 0
    // Leaving the loop cancels the body.
    for await (const chunk of body ?? []) {
      length += chunk.byteLength
      if (length > limitBytes) throw tooLong()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length)
  }

  #parse(bytes: Buffer): unknown {
    try {
      return parseJson('answer', bytes)
    } catch {
      throw new KeyFeedError('its answer is not JSON')
    }
  }
}

/** As `ECONNREFUSED`: what Node and undici put into the cause of a failed fetch. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : ''
}

/** A member of an object that came from elsewhere. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

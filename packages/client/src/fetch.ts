import { type Awaitable, ConfigurationError } from '@countersign/core'
import { checkMembers } from '@countersign/core/hmac'
import type { Signer } from './signer.js'

export interface SignedFetchOptions {
  /** Signs each request; absent: only a token is attached. */
  readonly signer?: Signer
  /** The bearer token to attach, asked for at each request: a renewed one is used at once. */
  readonly token?: () => Awaitable<string>
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

/** `contentSha256`: the SHA-256 of a streamed body, as 64 hex digits; other bodies are hashed here. */
export interface SignedRequestInit extends RequestInit {
  readonly contentSha256?: string
}

export type SignedFetch = (url: string | URL, init?: SignedRequestInit) => Promise<Response>

/**
 * A `fetch` that attaches a bearer token and signs. The token goes in before the signature, which covers it: neither can be swapped.
 *
 * A redirect is answered, not followed: a signature is good for one target, a token for one audience. Nothing is retried.
 *
 * @throws {ConfigurationError} an unknown option, or one that is `undefined`: requests would go out unsigned
 * @throws {TypeError} (rejects) a streamed body without `contentSha256`, a `token()` that gives none; otherwise as `fetch`
 */
export function signedFetch(options: SignedFetchOptions): SignedFetch {
  checkMembers('signedFetch', options, ['signer', 'token', 'fetch'])
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) throw new ConfigurationError(`signedFetch.${name}`, 'is undefined; leave it out')
  }
  const send = options.fetch ?? fetch
  return async (url, { contentSha256, ...init } = {}) => {
    const streamed = init.body instanceof ReadableStream
    if (streamed && contentSha256 === undefined && options.signer !== undefined) {
      throw new TypeError('a streamed body needs contentSha256, the SHA-256 of the bytes that will travel')
    }
    const target = new URL(url)
    // An empty query is sent by the fetch of some Node versions and not by that of others: no request goes out with one.
    if (target.search === '') target.search = ''
    // What fetch itself makes of the body is what travels: a form its boundary, a string its content type.
    const request = new Request(target, {
      ...init,
      redirect: 'manual',
      ...(streamed ? { duplex: 'half' } : {}),
    } as RequestInit)
    if (options.token !== undefined) request.headers.set('authorization', authorizationOf(await options.token()))
    if (options.signer === undefined) return send(request)
    const body = request.body === null || streamed ? null : new Uint8Array(await request.clone().arrayBuffer())
    const signature = options.signer.sign({
      method: request.method,
      url: request.url,
      headers: request.headers,
      ...(streamed && contentSha256 !== undefined ? { contentSha256 } : { body }),
    })
    for (const [name, value] of Object.entries(signature)) request.headers.set(name, value)
    return body === null ? send(request) : send(new Request(request, { body }))
  }
}

/** RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

function authorizationOf(token: unknown): string {
  if (typeof token !== 'string' || !B64TOKEN.test(token)) throw new TypeError('token() gave no bearer token')
  return `Bearer ${token}`
}

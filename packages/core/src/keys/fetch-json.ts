import { RemoteKeysError } from './remote-error.js'

/** `fetch` of the Fetch standard, as far as it is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface JsonRequest {
  readonly fetch: Fetch
  /** The most bytes of a body, after any content coding is taken off. */
  readonly limitBytes: number
  readonly signal: AbortSignal
}

export interface JsonReply {
  readonly value: unknown
  /** How long the server calls its answer fresh, in seconds. Absent: it does not say. */
  readonly maxAgeSeconds: number | undefined
}

/**
 * Asks for a JSON document, once: only status 200 is taken, no redirect is followed, and what is longer than the limit is not read.
 *
 * @throws {RemoteKeysError} `network`, `redirect`, `status`, `too_large`, `malformed`
 * Does NOT keep time: the signal does. Does NOT look at the content type, which too many servers get wrong.
 */
export async function fetchJson(url: URL, { fetch, limitBytes, signal }: JsonRequest): Promise<JsonReply> {
  try {
    const response = await fetch(url.href, {
      headers: { accept: 'application/json, application/jwk-set+json' },
      redirect: 'manual',
      signal,
    })
    checkStatus(url, response)
    return {
      value: parse(url, await readLimited(url, response, limitBytes)),
      maxAgeSeconds: maxAgeSeconds(response.headers),
    }
  } catch (error) {
    if (error instanceof RemoteKeysError) throw error
    throw new RemoteKeysError('network', url, `the connection failed${codeOf(error)}`, { cause: error })
  }
}

function checkStatus(url: URL, { status, type }: Response): void {
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw new RemoteKeysError('redirect', url, 'it redirects, which is not followed')
  }
  if (status !== 200) throw new RemoteKeysError('status', url, `it answers with status ${status}`)
}

async function readLimited(url: URL, { headers, body }: Response, limitBytes: number): Promise<Buffer> {
  const tooLarge = () => new RemoteKeysError('too_large', url, `its answer is larger than ${limitBytes} bytes`)
  if (Number(headers.get('content-length') ?? 0) > limitBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop cancels the body.
  for await (const chunk of body ?? []) {
    length += chunk.byteLength
    if (length > limitBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function parse(url: URL, body: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(body))
  } catch {
    // The error of JSON.parse quotes the text: it is no cause to hand on.
    throw new RemoteKeysError('malformed', url, 'its answer is not JSON')
  }
}

/** As `ECONNREFUSED` or `CERT_HAS_EXPIRED`: what Node and undici put into the cause of a failed fetch. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : ''
}

const MAX_AGE = /^max-age="?([0-9]{1,10})"?$/

/** RFC 9111 sections 4.2.1 and 4.2.3: `max-age`, less the age that a cache on the way reports. */
export function maxAgeSeconds(headers: Headers): number | undefined {
  const directives = (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',')
    .map((text) => text.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const maxAge = directives.map((text) => MAX_AGE.exec(text)?.[1]).find((digits) => digits !== undefined)
  if (maxAge === undefined) return undefined
  const age = /^[0-9]{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? 0
  return Math.max(0, Number(maxAge) - Number(age))
}

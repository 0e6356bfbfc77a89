import { randomUUID } from 'node:crypto'
import { type Clock, ConfigurationError, systemClock } from '@countersign/core'
import {
  bodyTimestampMac,
  canonicalText,
  checkMembers,
  checkOneOf,
  checkSecret,
  checkText,
  contentSha256,
  HMAC_HEADERS,
  HMAC_KEY_ID,
  type HmacAlgorithm,
  type HmacProfile,
  LEAST_SECRET_BYTES,
  NONCE,
  requestMac,
  type SecretInput,
  secretKey,
  TIMESTAMP,
} from '@countersign/core/hmac'

export interface SignerOptions {
  readonly keyId: string
  /** The bytes shared with the service; a string stands for its UTF-8 bytes. */
  readonly secret: SecretInput
  /** The name of the service that is called, as it is configured there. `null` where that service opted out of one. */
  readonly audience: string | null
  /** Default `sha256`. As configured with the key at the service. */
  readonly algorithm?: HmacAlgorithm
  /** Default `request`. `body-timestamp` is for services that run it already: it signs neither method nor path, and needs no audience. */
  readonly profile?: HmacProfile
  /** Takes a secret that is too short. */
  readonly allowWeakSecret?: boolean
  /** For tests. */
  readonly clock?: Clock
  /** For tests: 16-128 characters of `[A-Za-z0-9_-]`, never the same twice. */
  readonly nonce?: () => string
}

/** A request about to be sent. */
export interface RequestToSign {
  readonly method: string
  /** An absolute URL, or path and query (or `*`) as they will stand in the request line. */
  readonly url: string | URL
  /** What will be sent, or at least `content-type` and `authorization` of it: both are signed. Names in any case. */
  readonly headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]>
  /** The bytes that will travel: after content coding. A string stands for its UTF-8 bytes. */
  readonly body?: string | Uint8Array | null
  /** Instead of `body`, for a stream: the SHA-256 of the bytes that will travel, as 64 hex digits. */
  readonly contentSha256?: string
}

/** The headers to add to a request. */
export type SignatureHeaders = Readonly<Record<string, string>>

export interface Signer {
  /**
   * Signs one request. Sign again for a retry: a nonce is good once.
   *
   * @throws {TypeError} a value that cannot be signed: outside visible ASCII, an absolute URL with an empty query, a stream without
   *   `contentSha256`, a body without bytes for `body-timestamp`
   */
  sign(request: RequestToSign): SignatureHeaders
}

/** What is taken off a field value on its way (RFC 9110 section 5.5), and no other space: that would be sent. */
const OUTER_SPACE = /^[\t\n\r ]+|[\t\n\r ]+$/g
const VISIBLE_ASCII = /^[\t\x20-\x7e]*$/
const METHOD = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const TARGET = /^(?:\/[\x21-\x7e]*|\*)$/
const SHA256_HEX = /^[0-9a-f]{64}$/

/**
 * Makes a signer for one key and one service.
 *
 * @throws {ConfigurationError} naming the option
 */
export function createSigner(options: SignerOptions): Signer {
  checkMembers('signer', options, [
    'keyId',
    'secret',
    'audience',
    'algorithm',
    'profile',
    'allowWeakSecret',
    'clock',
    'nonce',
  ])
  const profile = checkOneOf('profile', options.profile ?? 'request', ['request', 'body-timestamp'])
  const algorithm = checkOneOf('algorithm', options.algorithm ?? 'sha256', ['sha256', 'sha512'])
  const keyId = checkText('keyId', options.keyId)
  if (!HMAC_KEY_ID.test(keyId)) throw new ConfigurationError('keyId', 'must be 1-128 characters of A-Z a-z 0-9 . _ : -')
  const least = options.allowWeakSecret === true ? 1 : LEAST_SECRET_BYTES[algorithm]
  const secret = secretKey(checkSecret('secret', options.secret, least))
  const clock = options.clock ?? systemClock
  const nonce = options.nonce ?? randomUUID

  if (profile === 'body-timestamp') {
    if (algorithm !== 'sha256') throw new ConfigurationError('algorithm', 'must be sha256 for body-timestamp')
    return {
      sign: ({ body, contentSha256: digest }) => {
        if (digest !== undefined)
          throw new TypeError('body-timestamp signs the body itself: give body, not contentSha256')
        const timestamp = timestampOf(clock)
        const mac = bodyTimestampMac(secret, bytesOf(body), timestamp)
        return { [HMAC_HEADERS.timestamp]: timestamp, [HMAC_HEADERS.mac.sha256]: mac }
      },
    }
  }

  if (options.audience === undefined)
    throw new ConfigurationError('audience', 'is required: the name of the service that is called')
  const audience = options.audience === null ? '' : checkText('audience', options.audience)
  if (audience.includes('\n')) throw new ConfigurationError('audience', 'contains a line feed')
  return {
    sign(request) {
      const fields = {
        keyId,
        timestamp: timestampOf(clock),
        nonce: checked('nonce', nonce(), NONCE),
        audience,
        method: checked('method', request.method, METHOD),
        target: targetOf(request.url),
        contentType: checked('content-type', headerOf(request.headers, 'content-type') ?? '', VISIBLE_ASCII),
        authorization: headerOf(request.headers, 'authorization'),
        contentSha256: digestOf(request),
      }
      return {
        [HMAC_HEADERS.keyId]: keyId,
        [HMAC_HEADERS.timestamp]: fields.timestamp,
        [HMAC_HEADERS.nonce]: fields.nonce,
        [HMAC_HEADERS.contentSha256]: fields.contentSha256,
        [HMAC_HEADERS.mac[algorithm]]: requestMac(algorithm, secret, canonicalText(fields)),
      }
    },
  }
}

function timestampOf(clock: Clock): string {
  return checked('timestamp', String(Math.floor(clock())), TIMESTAMP)
}

/** Path and query as `fetch` and `node:http` put them into the request line. */
function targetOf(url: string | URL): string {
  if (typeof url === 'string' && (url.startsWith('/') || url === '*')) return checked('url', url, TARGET)
  const { href, pathname, search } = new URL(url)
  if (search === '' && href.split('#', 1)[0]?.endsWith('?')) {
    throw new TypeError('url has an empty query, which some HTTP clients send and some leave out: take the ? away')
  }
  return checked('url', pathname + search, TARGET)
}

function headerOf(headers: RequestToSign['headers'], name: string): string | undefined {
  if (headers === undefined) return undefined
  const entries =
    Symbol.iterator in headers ? (headers as Iterable<readonly [string, string]>) : Object.entries(headers)
  let value: string | undefined
  for (const [candidate, content] of entries) {
    if (candidate.toLowerCase() !== name) continue
    if (value !== undefined) throw new TypeError(`${name} must be given once`)
    value = checked(name, content.replace(OUTER_SPACE, ''), VISIBLE_ASCII)
  }
  return value
}

function digestOf({ body, contentSha256: digest }: RequestToSign): string {
  if (digest === undefined) return contentSha256(bytesOf(body))
  if (body !== undefined && body !== null) throw new TypeError('give body or contentSha256, not both')
  return checked('contentSha256', digest, SHA256_HEX)
}

function bytesOf(body: RequestToSign['body']): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array()
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  throw new TypeError('body must be a string or bytes; for a stream give contentSha256')
}

/** The message names the field and never its value: some of these are secret. */
function checked(field: string, value: string, grammar: RegExp): string {
  if (!grammar.test(value)) throw new TypeError(`${field} has a form that cannot be signed`)
  return value
}

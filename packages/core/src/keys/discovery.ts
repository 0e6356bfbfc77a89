import { ConfigurationError } from '../errors.js'
import type { VerificationKeySource } from '../key.js'
import { checkOneOf, checkText, checkTexts } from '../options.js'
import { fetchJson } from './fetch-json.js'
import { RemoteKeysError } from './remote-error.js'
import { refuseSymmetric } from './remote-jwks.js'
import { RemoteKeys, type RemoteSource } from './remote-keys.js'
import {
  checkRemoteOptions,
  checkRemoteUrl,
  type RemoteJwksOptions,
  type RemoteSettings,
  urlProblem,
} from './remote-options.js'

export type MetadataKind = 'openid-configuration' | 'oauth-authorization-server'

export interface DiscoveryOptions extends RemoteJwksOptions {
  /** Origins beside the issuer's own that its keys may be on, as `https://www.googleapis.com`. Default: none. */
  readonly jwksOrigins?: readonly string[]
  /** Which document is asked for. Default: that of OpenID Connect, and where there is none that of RFC 8414. */
  readonly metadata?: MetadataKind
}

/**
 * The JWK Set of an issuer, found through its metadata: OpenID Connect Discovery 1.0 section 4, or RFC 8414 section 3. The metadata must name
 * exactly this issuer, and keys on its own origin or one that `jwksOrigins` lists. It is kept for a day, and asked for again when keys cannot be
 * had where it said. Everything else is as with `remoteJwks`.
 *
 * @param issuer - as in `iss`: the final `/` is part of it
 * @throws {ConfigurationError} as `remoteJwks`; an issuer with a query; an origin that is none
 * Does NOT check that the issuer's tokens are accepted under the same name: `issuer` of `bearer` decides that. Takes nothing else from the
 * metadata, neither algorithms nor other endpoints.
 */
export function discovery(issuer: string, options: DiscoveryOptions = {}): VerificationKeySource {
  const settings = checkRemoteOptions('discovery', options, ['jwksOrigins', 'metadata'])
  const url = checkRemoteUrl('discovery.issuer', checkText('discovery.issuer', issuer), settings.allowInsecureHttp)
  // RFC 8414 section 2.
  if (issuer.includes('?')) throw new ConfigurationError('discovery.issuer', 'must not have a query')
  const kinds = options.metadata === undefined ? KINDS : [checkOneOf('discovery.metadata', options.metadata, KINDS)]
  const origins = [url.origin, ...checkOrigins(options.jwksOrigins, settings.allowInsecureHttp)]
  return {
    open({ option, algorithms }) {
      refuseSymmetric(option, algorithms)
      return new RemoteKeys(new DiscoveredSource(issuer, url, kinds, origins, settings), settings, algorithms)
    },
  }
}

const KINDS: readonly MetadataKind[] = ['openid-configuration', 'oauth-authorization-server']

function checkOrigins(value: readonly string[] | undefined, allowInsecureHttp: boolean): readonly string[] {
  if (value === undefined) return []
  return checkTexts('discovery.jwksOrigins', value).map((text, index) => {
    const option = `discovery.jwksOrigins[${index}]`
    const { origin } = checkRemoteUrl(option, text, allowInsecureHttp)
    if (origin !== text) throw new ConfigurationError(option, `must be an origin and nothing more, as ${origin}`)
    return origin
  })
}

/** Where the metadata of an issuer stands. */
export function metadataUrl(issuer: URL, kind: MetadataKind): URL {
  const path = issuer.pathname.replace(/\/$/, '')
  const url = new URL(issuer)
  // Not resolved against the issuer: a path that begins with two slashes would then be another host.
  url.pathname = kind === 'openid-configuration' ? `${path}/.well-known/${kind}` : `/.well-known/${kind}${path}`
  return url
}

const METADATA_SECONDS = 86_400

class DiscoveredSource implements RemoteSource {
  readonly url: URL
  readonly #issuer: string
  readonly #kinds: readonly MetadataKind[]
  readonly #origins: readonly string[]
  readonly #settings: RemoteSettings
  #jwks: URL | undefined
  /** When the metadata was asked for, in seconds of the monotonic clock. */
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(
    issuer: string,
    url: URL,
    kinds: readonly MetadataKind[],
    origins: readonly string[],
    settings: RemoteSettings,
  ) {
    this.#issuer = issuer
    this.url = url
    this.#kinds = kinds
    this.#origins = origins
    this.#settings = settings
  }

  async load(signal: AbortSignal, failures: number) {
    const url = await this.#find(signal, failures)
    const { fetch, limitBytes } = this.#settings
    return { url, ...(await fetchJson(url, { fetch, limitBytes, signal })) }
  }

  /** The place of the keys. After a failure they may have moved; every other time, lest metadata that hangs takes all the time there is. */
  async #find(signal: AbortSignal, failures: number): Promise<URL> {
    const now = this.#settings.runtime.monotonic()
    const age = now - this.#askedAt
    const known = age < METADATA_SECONDS + this.#settings.maxStaleSeconds ? this.#jwks : undefined
    if (known !== undefined && age < METADATA_SECONDS && failures % 2 === 0) return known
    try {
      this.#jwks = await this.#ask(signal)
      this.#askedAt = now
      return this.#jwks
    } catch (error) {
      if (known === undefined || signal.aborted) throw error
      return known
    }
  }

  async #ask(signal: AbortSignal): Promise<URL> {
    const { fetch, limitBytes } = this.#settings
    let first: unknown
    for (const kind of this.#kinds) {
      const url = metadataUrl(this.url, kind)
      try {
        return this.#read(url, (await fetchJson(url, { fetch, limitBytes, signal })).value)
      } catch (error) {
        if (!(error instanceof RemoteKeysError && error.failure === 'status')) throw error
        first ??= error
      }
    }
    throw first
  }

  /** @throws {RemoteKeysError} `malformed`, `issuer_mismatch`, `jwks_uri_refused` */
  #read(url: URL, metadata: unknown): URL {
    if (typeof metadata !== 'object' || metadata === null || !('issuer' in metadata)) {
      throw new RemoteKeysError('malformed', url, 'its answer is not the metadata of an issuer')
    }
    // OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3: identical, or it speaks for somebody else.
    if (metadata.issuer !== this.#issuer) {
      throw new RemoteKeysError('issuer_mismatch', url, `its metadata does not name the issuer ${this.#issuer}`)
    }
    const uri = 'jwks_uri' in metadata ? metadata.jwks_uri : undefined
    if (typeof uri !== 'string' || !URL.canParse(uri)) {
      throw new RemoteKeysError('jwks_uri_refused', url, 'its metadata has no jwks_uri')
    }
    const jwks = new URL(uri)
    const problem = urlProblem(jwks, this.#settings.allowInsecureHttp)
    if (problem !== undefined) throw new RemoteKeysError('jwks_uri_refused', url, `its jwks_uri ${problem}`)
    if (!this.#origins.includes(jwks.origin)) {
      const origin = jwks.origin.slice(0, 300)
      throw new RemoteKeysError(
        'jwks_uri_refused',
        url,
        `its jwks_uri is on ${origin}, which jwksOrigins does not list`,
      )
    }
    return jwks
  }
}

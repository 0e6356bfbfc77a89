import { readFileSync } from 'node:fs'
import type { Awaitable } from '../chain.js'
import { withinSeconds } from '../deadline.js'
import { ConfigurationError } from '../errors.js'
import { KeyFeedError } from '../key-file/feed.js'
import { checkMembers, checkText } from '../options.js'
import { memberOf, type VaultClient } from './client.js'

/**
 * Where a token comes from: an environment variable, a file (as a Vault agent writes it, read anew each time), or a function, which may log in and is
 * called again when the server does not take the token any more.
 */
export type VaultTokenSource = { readonly environment: string } | { readonly file: string } | (() => Awaitable<string>)

export function checkTokenSource(option: string, source: unknown): VaultTokenSource {
  if (typeof source === 'function') return source as () => Awaitable<string>
  if (typeof source === 'string')
    throw new ConfigurationError(option, 'must not be the token itself: { environment }, { file } or a function')
  checkMembers(option, source, ['environment', 'file'])
  const { environment, file } = source as { readonly environment?: unknown; readonly file?: unknown }
  if ((environment === undefined) === (file === undefined))
    throw new ConfigurationError(option, 'must have one of environment and file')
  return environment === undefined
    ? { file: checkText(`${option}.file`, file) }
    : { environment: checkText(`${option}.environment`, environment) }
}

/** What a server says of a token. `ttlSeconds` 0: it does not end. */
interface Lease {
  readonly ttlSeconds: number
  readonly renewable: boolean
}

/** A retry after a renewal that failed. */
const RETRY_SECONDS = 10
/** Of a life that is nearly over. */
const LEAST_SECONDS = 1
/** `setTimeout` cannot wait longer than some 24 days. */
const MOST_SECONDS = 20 * 86_400

/** Holds a token, and renews it after two thirds of its life for as long as it is watched. */
export class VaultToken {
  readonly #client: VaultClient
  readonly #source: VaultTokenSource
  readonly #timeoutSeconds: number
  #token: string | undefined
  #timer: NodeJS.Timeout | undefined
  #isWatched = false

  /** @param timeoutSeconds - how long a function may take */
  constructor(client: VaultClient, source: VaultTokenSource, timeoutSeconds: number) {
    this.#client = client
    this.#source = source
    this.#timeoutSeconds = timeoutSeconds
  }

  start(): void {
    this.#isWatched = true
  }

  stop(): void {
    this.#isWatched = false
    clearTimeout(this.#timer)
  }

  /** @throws {KeyFeedError} no token, or one that cannot stand in a header */
  async get(): Promise<string> {
    if (this.#token !== undefined) return this.#token
    const token = (await withinSeconds(read(this.#source), this.#timeoutSeconds, noToken)).trim()
    if (!/^[\x21-\x7e]+$/.test(token)) throw new KeyFeedError('its token is empty, or has characters that no token has')
    this.#token = token
    await this.#look(token)
    return token
  }

  /** The server does not take it: the next one is asked for at its source. */
  forget(): void {
    this.#token = undefined
    clearTimeout(this.#timer)
  }

  /** A token that may not look itself up is used all the same. */
  async #look(token: string): Promise<void> {
    const { outcome, body } = await this.#client.ask('GET', 'auth/token/lookup-self', token)
    const data = memberOf(body, 'data')
    if (outcome === 'ok')
      this.#plan({ ttlSeconds: seconds(memberOf(data, 'ttl')), renewable: memberOf(data, 'renewable') === true })
  }

  async #renew(): Promise<void> {
    const token = this.#token
    if (token === undefined) return
    try {
      const { outcome, body } = await this.#client.ask('POST', 'auth/token/renew-self', token)
      if (outcome === 'denied') return this.forget()
      if (outcome !== 'ok') return this.#wait(RETRY_SECONDS)
      const auth = memberOf(body, 'auth')
      this.#plan({
        ttlSeconds: seconds(memberOf(auth, 'lease_duration')),
        renewable: memberOf(auth, 'renewable') === true,
      })
    } catch {
      // Whoever reads keys next says that the server cannot be reached.
      this.#wait(RETRY_SECONDS)
    }
  }

  #plan({ ttlSeconds, renewable }: Lease): void {
    if (ttlSeconds > 0 && renewable) this.#wait((ttlSeconds * 2) / 3)
  }

  #wait(waitSeconds: number): void {
    clearTimeout(this.#timer)
    if (!this.#isWatched) return
    this.#timer = setTimeout(
      () => void this.#renew(),
      Math.min(Math.max(waitSeconds, LEAST_SECONDS), MOST_SECONDS) * 1000,
    ).unref()
  }
}

async function read(source: VaultTokenSource): Promise<string> {
  try {
    if (typeof source === 'function') return String(await source())
    if ('file' in source) return readFileSync(source.file, 'utf8')
    return process.env[source.environment] ?? ''
  } catch {
    // What went wrong may hold the token.
    throw noToken()
  }
}

const noToken = () => new KeyFeedError('its token could not be had')

function seconds(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0
}

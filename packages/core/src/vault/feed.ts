import { type KeyFeed, KeyFeedError } from '../key-file/feed.js'
import { memberOf, type VaultClient, type VaultOutcome, type VaultReply } from './client.js'
import type { VaultToken } from './token.js'

/** A secret of the KV engine, version 2, whose data is a key file. */
export class VaultFeed implements KeyFeed {
  readonly name: string
  readonly #client: VaultClient
  readonly #token: VaultToken
  readonly #path: string
  readonly #refreshSeconds: number
  #lastVersion: string | undefined

  constructor(name: string, client: VaultClient, token: VaultToken, path: string, refreshSeconds: number) {
    this.name = name
    this.#client = client
    this.#token = token
    this.#path = path
    this.#refreshSeconds = refreshSeconds
  }

  async read(again: boolean): Promise<unknown> {
    const { outcome, status, body } = await this.#ask()
    if (outcome !== 'ok') throw new KeyFeedError(`${PROBLEMS[outcome]} (status ${status})`)
    const data = memberOf(body, 'data')
    const metadata = memberOf(data, 'metadata')
    const document = memberOf(data, 'data')
    if (typeof document !== 'object' || document === null)
      throw new KeyFeedError('it holds no secret of the KV engine, version 2')
    // `created_time` as well: a secret that is deleted for good and made anew begins at version 1 again.
    const version = `${memberOf(metadata, 'version')} ${memberOf(metadata, 'created_time')}`
    if (!again && memberOf(metadata, 'version') !== undefined && version === this.#lastVersion) return undefined
    this.#lastVersion = version
    return document
  }

  watch(changed: () => void): () => void {
    this.#token.start()
    const timer = setInterval(changed, this.#refreshSeconds * 1000).unref()
    return () => {
      clearInterval(timer)
      this.#token.stop()
    }
  }

  /** Once more with another token where the first one is not taken: it may have ended. */
  async #ask(): Promise<VaultReply> {
    const reply = await this.#client.ask('GET', this.#path, await this.#token.get())
    if (reply.outcome !== 'denied') return reply
    this.#token.forget()
    return this.#client.ask('GET', this.#path, await this.#token.get())
  }
}

const PROBLEMS: Readonly<Record<Exclude<VaultOutcome, 'ok'>, string>> = {
  denied: 'it does not take the token, or the token may not read the secret',
  absent: 'there is no such secret, or its last version is deleted',
  sealed: 'it is sealed, or under maintenance',
  failed: 'it does not answer the question',
}

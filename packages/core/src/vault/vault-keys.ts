import { ConfigurationError } from '../errors.js'
import type { KeyDocumentSource } from '../key-file/feed.js'
import { checkKekSources, type KekSource, readKeks } from '../key-file/kek.js'
import { LiveKeys } from '../key-file/live-keys.js'
import { liveSource } from '../key-file/live-source.js'
import { checkInteger, checkMembers, checkNumber, checkText } from '../options.js'
import { VaultClient, type VaultFetch } from './client.js'
import { VaultFeed } from './feed.js'
import { checkTokenSource, VaultToken, type VaultTokenSource } from './token.js'

export interface VaultKeysOptions {
  /** `https://vault.example:8200`. Plain http is taken for this machine only, where an agent listens. */
  readonly address: string
  readonly token: VaultTokenSource
  /** The path of the secret below its mount: `countersign/orders`. */
  readonly path: string
  /** Where the KV engine, version 2, is mounted. Default `secret`. */
  readonly mount?: string
  /** `X-Vault-Namespace`. */
  readonly namespace?: string
  /** What sealed secrets are opened with. */
  readonly kek?: KekSource | readonly KekSource[]
  /** How often the secret is read. Default 60. */
  readonly refreshSeconds?: number
  /** How long keys are good for when the server cannot be had. Default 86 400; `null`: for ever. */
  readonly maxStaleSeconds?: number | null
  /** How long one answer may take, to its last byte. Default 5. */
  readonly timeoutSeconds?: number
  /** The longest answer. Default 4 194 304 (4 MiB). */
  readonly limitBytes?: number
  /** Default: the global `fetch`. */
  readonly fetch?: VaultFetch
}

/**
 * The keys of a secret in HashiCorp Vault or OpenBao (KV engine, version 2), whose data is a key file: `vault kv put secret/countersign/orders @keys.json`.
 * As `keyFile`: one set at a time, the last good one stays, requests are answered with 503 while there is none. The token is renewed after two thirds
 * of its life.
 *
 * @throws {ConfigurationError} a wrong or unknown option, an address that is not https
 */
export function vaultKeys(options: VaultKeysOptions): KeyDocumentSource {
  checkMembers('vaultKeys', options, MEMBERS)
  const keks = checkKekSources('vaultKeys.kek', options.kek)
  const token = checkTokenSource('vaultKeys.token', options.token)
  const mount = checkPath('vaultKeys.mount', options.mount ?? 'secret')
  const path = checkPath('vaultKeys.path', options.path)
  const timeoutSeconds = checkNumber('vaultKeys.timeoutSeconds', options.timeoutSeconds ?? 5, 0.001, 300)
  const refreshSeconds = checkNumber('vaultKeys.refreshSeconds', options.refreshSeconds ?? 60, 1, 86_400)
  const maxStaleSeconds = options.maxStaleSeconds === undefined ? 86_400 : options.maxStaleSeconds
  if (maxStaleSeconds !== null) checkNumber('vaultKeys.maxStaleSeconds', maxStaleSeconds, 1, 1e9)
  if (options.fetch !== undefined && typeof options.fetch !== 'function')
    throw new ConfigurationError('vaultKeys.fetch', 'must be a function')
  const address = checkAddress('vaultKeys.address', options.address)
  const client = new VaultClient({
    address,
    namespace: options.namespace === undefined ? undefined : checkNamespace('vaultKeys.namespace', options.namespace),
    timeoutSeconds,
    limitBytes: checkInteger('vaultKeys.limitBytes', options.limitBytes ?? 4 * 1024 * 1024, 1, 2 ** 28),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
  })
  const name = `secret ${mount}/${path} at ${address}`
  const feed = new VaultFeed(
    name,
    client,
    new VaultToken(client, token, timeoutSeconds),
    `${mount}/data/${path}`,
    refreshSeconds,
  )
  return liveSource(
    new LiveKeys(feed, { readKeks: () => readKeks('kek', keks), firstLoadSeconds: timeoutSeconds, maxStaleSeconds }),
  )
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function checkAddress(option: string, value: unknown): string {
  const text = checkText(option, value)
  if (!URL.canParse(text)) throw new ConfigurationError(option, 'must be a URL: https://vault.example:8200')
  const { protocol, hostname, origin, href } = new URL(text)
  if (href !== `${origin}/`) throw new ConfigurationError(option, 'must have no path, query or credentials')
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))) return origin
  throw new ConfigurationError(option, 'must be https: the token and the keys travel there')
}

/** Segments that need no escaping, so that none can lead elsewhere. */
function checkPath(option: string, value: unknown): string {
  const path = checkText(option, value)
  const isPlain = path.split('/').every((segment) => /^[A-Za-z0-9._-]+$/.test(segment) && !/^\.+$/.test(segment))
  if (isPlain) return path
  throw new ConfigurationError(option, 'must be segments of A-Z a-z 0-9 . _ - between slashes')
}

function checkNamespace(option: string, value: unknown): string {
  const namespace = checkText(option, value)
  if (/^[\x21-\x7e]+$/.test(namespace)) return namespace
  throw new ConfigurationError(option, 'must be visible ASCII')
}

const MEMBERS: readonly string[] = [
  'address',
  'token',
  'path',
  'mount',
  'namespace',
  'kek',
  'refreshSeconds',
  'maxStaleSeconds',
  'timeoutSeconds',
  'limitBytes',
  'fetch',
] satisfies readonly (keyof VaultKeysOptions)[]

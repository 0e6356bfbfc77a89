import type { HmacAlgorithm, HmacProfile } from '@countersign/core'
import { HMAC_KEY_ID } from '@countersign/core/hmac'
import type { KeyFileKey, KeyFileSigningKey, KeyFileWindow, StoredSecret } from '@countersign/core/key-file'
import type { Command } from 'commander'
import { collect } from '../collect.js'
import { UsageError } from '../errors.js'
import { formatMoment, parseMoment } from '../time.js'
import type { SigningKey } from '../token/signing-key.js'
import { publicJwkOf } from './new-key.js'

/** What a new key may be used for, and when. */
export interface TermsArgs {
  readonly client?: string
  readonly role?: readonly string[]
  readonly scope?: readonly string[]
  readonly profile?: string
  readonly method?: readonly string[]
  readonly path?: readonly string[]
  readonly refuseRepeats?: boolean
  readonly notBefore?: string
  readonly notAfter?: string
}

export function addTerms(command: Command): Command {
  return command
    .option('--client <name>', 'who signs with it: the principal of its requests')
    .option('--role <name>', 'a role of the client; repeatable', collect)
    .option('--scope <name>', 'a scope of the client; repeatable', collect)
    .option('--profile <name>', 'request or body-timestamp (default: request)')
    .option('--method <name>', 'body-timestamp: a method it is accepted for; repeatable', collect)
    .option('--path <path>', 'body-timestamp: a path it is accepted for; repeatable', collect)
    .option('--refuse-repeats', 'body-timestamp: refuse a MAC that was seen before')
    .option('--not-before <moment>', 'not used before')
    .option('--not-after <moment>', 'not used after')
}

export function windowFrom(
  { notBefore, notAfter }: Pick<TermsArgs, 'notBefore' | 'notAfter'>,
  now: number,
): KeyFileWindow {
  const window = {
    ...(notBefore === undefined ? {} : { notBefore: formatMoment(parseMoment('--not-before', notBefore, now)) }),
    ...(notAfter === undefined ? {} : { notAfter: formatMoment(parseMoment('--not-after', notAfter, now)) }),
  }
  if (
    window.notBefore !== undefined &&
    window.notAfter !== undefined &&
    Date.parse(window.notAfter) <= Date.parse(window.notBefore)
  ) {
    throw new UsageError('--not-after lies before --not-before', 'Let the key end after it begins.')
  }
  return window
}

/** The entry of a shared secret. */
export function secretEntry(
  id: string,
  algorithm: HmacAlgorithm,
  args: TermsArgs,
  now: number,
  store: (owner: { id: string; client: string }) => StoredSecret,
): KeyFileKey {
  const { client, role, scope, method, path, refuseRepeats } = args
  if (client === undefined)
    throw new UsageError(
      '--client is required for a key that signs requests',
      'Name the service that signs with it: --client billing.',
    )
  if (!HMAC_KEY_ID.test(id))
    throw new UsageError('<id> has a form that no request can carry', 'Give 1-128 characters of A-Z a-z 0-9 . _ : -')
  const profile = profileOf(args)
  return {
    id,
    client,
    ...(role === undefined ? {} : { roles: role }),
    ...(scope === undefined ? {} : { scopes: scope }),
    algorithm,
    profile,
    ...(method === undefined ? {} : { methods: method }),
    ...(path === undefined ? {} : { paths: path }),
    ...(refuseRepeats === true ? { refuseRepeats } : {}),
    ...windowFrom(args, now),
    secret: store({ id, client }),
  }
}

function profileOf({ profile = 'request', method, path, refuseRepeats }: TermsArgs): HmacProfile {
  if (profile !== 'request' && profile !== 'body-timestamp')
    throw new UsageError('--profile is not known', 'Give request or body-timestamp.')
  if (profile === 'request' && (method !== undefined || path !== undefined || refuseRepeats === true)) {
    throw new UsageError(
      '--method, --path and --refuse-repeats go with --profile body-timestamp',
      'The profile request signs method and path itself.',
    )
  }
  return profile
}

/** The entry of a key pair. */
export function pairEntry(
  kid: string,
  key: SigningKey,
  window: KeyFileWindow,
  store: ((owner: { kid: string; algorithm: string }) => StoredSecret) | undefined,
): KeyFileSigningKey {
  const algorithm = key.algorithm
  if (algorithm === 'HS256' || algorithm === 'HS384' || algorithm === 'HS512') {
    throw new UsageError('A key file holds no secrets for HS algorithms', 'Create a key pair, as ES256.')
  }
  return {
    kid,
    algorithm,
    ...window,
    publicJwk: publicJwkOf(key.key),
    ...(store === undefined ? {} : { privateKey: store({ kid, algorithm }) }),
  }
}

/** @throws {UsageError} options that say something of requests, for a key that signs tokens */
export function refuseRequestTerms({ client, role, scope, profile, method, path, refuseRepeats }: TermsArgs): void {
  if ([client, role, scope, profile, method, path, refuseRepeats].every((value) => value === undefined)) return
  throw new UsageError(
    '--client, --role, --scope, --profile, --method, --path and --refuse-repeats go with keys that sign requests',
    'Leave them out: a token carries its own roles.',
  )
}

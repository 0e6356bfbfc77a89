import { jwkThumbprint } from '@countersign/core'
import {
  type KeyFile,
  type KeyFileKey,
  type KeyFileSigningKey,
  type KeyState,
  keyState,
} from '@countersign/core/key-file'
import { columns, type Paint, visible } from '../style.js'
import { formatDistance } from '../time.js'
import { windowOf } from './moments.js'

/** What may be told of a key: never the key. */
export interface KeyDescription {
  readonly id: string
  readonly use: 'requests' | 'tokens'
  readonly algorithm: string
  readonly client?: string
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly profile?: string
  readonly state: KeyState
  readonly notBefore?: string
  readonly notAfter?: string
  readonly secret: 'encrypted' | 'in the clear' | 'not here'
  /** RFC 7638, of the public half. A shared secret has none: guesses could be tried with it. */
  readonly thumbprint?: string
}

export function describeKeys({ keys, signingKeys = [] }: KeyFile, now: number): readonly KeyDescription[] {
  return [...keys.map((entry) => describeSecret(entry, now)), ...signingKeys.map((entry) => describePair(entry, now))]
}

export function describeEntry(entry: KeyFileKey | KeyFileSigningKey, now: number): KeyDescription {
  return 'id' in entry ? describeSecret(entry, now) : describePair(entry, now)
}

function describeSecret(entry: KeyFileKey, now: number): KeyDescription {
  const { id, algorithm = 'sha256', client, roles, scopes, profile = 'request' } = entry
  return {
    id,
    use: 'requests',
    algorithm,
    client,
    ...(roles === undefined ? {} : { roles }),
    ...(scopes === undefined ? {} : { scopes }),
    profile,
    ...lifeOf(entry, now),
    secret: storage(entry.secret),
  }
}

function describePair(entry: KeyFileSigningKey, now: number): KeyDescription {
  const { kid, algorithm, publicJwk } = entry
  return {
    id: kid,
    use: 'tokens',
    algorithm,
    ...lifeOf(entry, now),
    secret: storage(entry.privateKey),
    thumbprint: jwkThumbprint(publicJwk),
  }
}

function lifeOf(entry: KeyFileKey | KeyFileSigningKey, now: number) {
  const { notBefore, notAfter } = entry
  return {
    state: keyState(windowOf(entry), now),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  }
}

function storage(stored: KeyFileKey['secret'] | undefined): KeyDescription['secret'] {
  if (stored === undefined) return 'not here'
  return 'encrypted' in stored ? 'encrypted' : 'in the clear'
}

const STATE_STYLES = { active: 'green', 'pre-active': 'yellow', deactivated: 'dim', compromised: 'red' } as const

export function keyTable(keys: readonly KeyDescription[], now: number, paint: Paint): string {
  const rows = keys.map(({ id, state, client, algorithm, profile, notBefore, notAfter, secret, thumbprint }) => [
    visible(id),
    state,
    client === undefined ? 'tokens' : visible(client),
    profile === 'body-timestamp' ? `${algorithm} ${profile}` : algorithm,
    moment(notBefore, now),
    moment(notAfter, now),
    secret,
    thumbprint ?? '',
  ])
  const table = columns([['ID', 'STATE', 'FOR', 'ALGORITHM', 'FROM', 'UNTIL', 'SECRET', 'THUMBPRINT'], ...rows])
  return table
    .split('\n')
    .map((line, index) => {
      const state = keys[index - 1]?.state
      return state === undefined ? line : line.replace(` ${state} `, ` ${paint(STATE_STYLES[state], state)} `)
    })
    .join('\n')
}

function moment(text: string | undefined, now: number): string {
  return text === undefined ? '-' : `${text} (${formatDistance(Date.parse(text) / 1000, now)})`
}

import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { KEY_CHANNEL, type KeyEvent } from '../../src/index.js'
import {
  type KeyFile,
  type KeyFileKey,
  type KeyFileSigningKey,
  readKeks,
  sealSecret,
} from '../../src/key-file/index.js'
import { keyPair } from '../kit.js'

/** What the tests of key files stand on: secrets by name, files that are replaced, and events that are waited for. */

export const bytesOf = (name: string): Buffer => createHash('sha256').update(`the secret of ${name}`).digest()

export const KEK_TEXT: string = Buffer.alloc(32, 0x4b).toString('base64url')
export const [KEK] = readKeks('kek', [{ id: 'main', environment: 'KEK' }], { KEK: KEK_TEXT }) as [
  ReturnType<typeof readKeks>[number],
]

export const entry = (id: string, more: Partial<KeyFileKey> = {}): KeyFileKey => ({
  id,
  client: 'billing',
  secret: { base64url: bytesOf(id).toString('base64url') },
  ...more,
})

export const sealedEntry = (id: string, more: Partial<KeyFileKey> = {}): KeyFileKey => {
  const owner = { id, client: more.client ?? 'billing' }
  return { ...entry(id), secret: sealSecret(bytesOf(id), owner, KEK), ...more }
}

export const signingEntry = (
  algorithm: 'ES256' | 'RS256' | 'EdDSA',
  more: Partial<KeyFileSigningKey> = {},
): KeyFileSigningKey => {
  const { kid, use: _use, ...publicJwk } = keyPair(algorithm).publicJwk
  return { kid, algorithm, publicJwk, ...more }
}

export const file = (keys: readonly KeyFileKey[], signingKeys?: readonly KeyFileSigningKey[]): KeyFile => ({
  version: 1,
  keys,
  ...(signingKeys === undefined ? {} : { signingKeys }),
})

/** A directory of its own, gone when the tests of the file are over. */
export async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-'))
  afterAll(() => rm(path, { recursive: true, force: true }))
  return path
}

let files = 0

/** Puts a text in the place of a file, whole. */
export async function replace(path: string, content: object | string): Promise<void> {
  const beside = `${path}.${++files}`
  await writeFile(beside, typeof content === 'string' ? content : JSON.stringify(content))
  await rename(beside, path)
}

/** Resolves with the next event of the kind, if `act` makes one happen. */
export async function eventAfter<E extends KeyEvent['event']>(
  kind: E,
  act: () => unknown,
): Promise<Extract<KeyEvent, { readonly event: E }>> {
  let keep: (message: unknown) => void = () => undefined
  const seen = new Promise<Extract<KeyEvent, { readonly event: E }>>((resolve) => {
    keep = (message) => {
      const event = message as KeyEvent
      if (event.event === kind) resolve(event as Extract<KeyEvent, { readonly event: E }>)
    }
    subscribe(KEY_CHANNEL, keep)
  })
  try {
    await act()
    return await seen
  } finally {
    unsubscribe(KEY_CHANNEL, keep)
  }
}

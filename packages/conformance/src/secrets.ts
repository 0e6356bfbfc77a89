import type { ProbeRequest } from './subject/subject.js'
import { TARGET_KEYS } from './target/keys.js'

/** Shorter texts stand in honest output by chance. */
const LEAST_LENGTH = 8

const KEYS = keyTexts()

/** Every spelling of every key, and of this request its tokens, their parts, its MACs and nonces: none may be found in any output. */
export function secretsOf({ headers = [] }: ProbeRequest): readonly string[] {
  const texts: string[] = []
  for (const [name, value] of headers) {
    if (/^x-hmac-(sha256|sha512|nonce)$/i.test(name)) texts.push(value)
    if (!/^authorization$/i.test(name)) continue
    const credentials = value.replace(/^\S+\s+/, '')
    texts.push(credentials, ...credentials.split('.'))
  }
  return [...KEYS, ...texts.filter((text) => text.length >= LEAST_LENGTH)]
}

function keyTexts(): readonly string[] {
  const texts: string[] = []
  const secrets = [...TARGET_KEYS.hmac, ...TARGET_KEYS.jwt].flatMap((key) =>
    'secretHex' in key ? [key.secretHex] : [],
  )
  for (const hex of secrets) {
    const bytes = Buffer.from(hex, 'hex')
    texts.push(hex, bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('base64url'))
  }
  for (const key of TARGET_KEYS.jwt) {
    if (!('privateJwk' in key)) continue
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
      const value = key.privateJwk[member]
      if (typeof value === 'string') texts.push(value)
    }
  }
  return texts
}

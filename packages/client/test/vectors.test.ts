import { describe, expect, it } from 'vitest'
import { bodyTimestamps, type HmacVector, requestMacs } from '../../vectors/test/vectors.js'
import { createSigner } from '../src/index.js'

function sign({ key, audience, sign: given, method, target, headers, bodyHex }: HmacVector) {
  const signer = createSigner({
    keyId: key.id,
    secret: Buffer.from(key.secretHex, 'hex'),
    audience,
    algorithm: key.algorithm,
    profile: key.profile,
    allowWeakSecret: key.profile === 'body-timestamp',
    clock: () => Number(given?.timestamp),
    nonce: () => given?.nonce ?? '',
  })
  return signer.sign({ method, url: target, headers, body: Buffer.from(bodyHex, 'hex') })
}

describe.each([
  ['request-mac.json', requestMacs()],
  ['body-timestamp.json', bodyTimestamps()],
] as const)('%s', (_, { testGroups }) => {
  const vectors = testGroups.filter(({ type }) => type === 'Sign').flatMap(({ tests }) => tests)
  it.each(vectors)('$id: $comment', (vector) => {
    expect(sign(vector)).toEqual(Object.fromEntries(vector.expected?.headers ?? []))
  })
})

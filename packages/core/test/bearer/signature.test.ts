import { createPublicKey, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../src/bearer/signature.js'
import { checkObject, parseToken } from '../../src/bearer/token.js'
import type { JwtAlgorithm, VerificationKey } from '../../src/key.js'
import { isSymmetric, JWT_ALGORITHMS, signatureLength } from '../../src/keys/algorithms.js'
import { keyPair, mint, reasonOf } from '../kit.js'

const SECRET = createSecretKey(Buffer.alloc(64, 3))

function keys(algorithm: JwtAlgorithm): {
  readonly signer: Parameters<typeof mint>[0]
  readonly verifier: VerificationKey
} {
  const signer = isSymmetric(algorithm) ? SECRET : keyPair(algorithm).privateKey
  const key = isSymmetric(algorithm) ? SECRET : createPublicKey(keyPair(algorithm).privateKey)
  return { signer, verifier: { kid: undefined, algorithm, key, signatureLength: signatureLength(algorithm, key) } }
}

const verdict = (compact: string, key: VerificationKey) => reasonOf(() => verifySignature(parseToken(compact), key))
const withSignature = (compact: string, signature: Buffer) =>
  `${compact.slice(0, compact.lastIndexOf('.'))}.${signature.toString('base64url')}`

describe.each(JWT_ALGORITHMS)('%s', (algorithm) => {
  const { signer, verifier } = keys(algorithm)
  const compact = mint(signer, { alg: algorithm }, { sub: 'é', exp: 1 })
  const signature = Buffer.from(compact.slice(compact.lastIndexOf('.') + 1), 'base64url')

  it('verifies a signature by its key and gives the payload, expired or not', () => {
    expect(verifySignature(parseToken(compact), verifier)).toEqual({ sub: 'é', exp: 1 })
  })

  it('refuses the signature with any bit turned over', () => {
    fc.assert(
      fc.property(fc.nat(signature.length - 1), fc.nat(7), (at, bit) => {
        const turned = Buffer.from(signature)
        turned[at] = (turned[at] ?? 0) ^ (1 << bit)
        expect(verdict(withSignature(compact, turned), verifier)).toBe('signature_invalid')
      }),
      { numRuns: 20 },
    )
  })

  it.each([0, 16, signature.length - 1, signature.length + 1, 2 * signature.length])(
    'refuses a signature of %i bytes',
    (bytes) => {
      const other = Buffer.concat([signature, signature, Buffer.alloc(1)]).subarray(0, bytes)
      expect(verdict(withSignature(compact, other), verifier)).toBe('signature_invalid')
    },
  )

  it('refuses all zeros and all ones (CVE-2022-21449)', () => {
    for (const byte of [0, 0xff]) {
      expect(verdict(withSignature(compact, Buffer.alloc(signature.length, byte)), verifier)).toBe('signature_invalid')
    }
  })

  it('refuses another payload under the same signature', () => {
    const [header, , rest] = compact.split('.')
    const payload = Buffer.from('{"sub":"mallory"}').toString('base64url')
    expect(verdict(`${header}.${payload}.${rest}`, verifier)).toBe('signature_invalid')
  })

  it.each(['{', '[1]', '1', 'true', '"x"', 'null', '{}x', ''])(
    'with the check that follows refuses the signed payload %j',
    (payload) => {
      const compact = mint(signer, { alg: algorithm }, payload)
      const check = () => {
        const token = parseToken(compact)
        checkObject(token.payload, verifySignature(token, verifier))
      }
      expect(reasonOf(check)).toBe('token_malformed')
    },
  )
})

describe('verifySignature', () => {
  it('does not let the header choose the algorithm: the MAC with a public key as secret is refused', () => {
    const { verifier } = keys('RS256')
    const pem = verifier.key.export({ type: 'spki', format: 'pem' })
    expect(verdict(mint(Buffer.from(pem), { alg: 'HS256' }, {}), verifier)).toBe('signature_invalid')
  })
})

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { refuseSecrets } from '../src/argv-guard.js'
import { UsageError } from '../src/errors.js'

const refused = (...args: string[]): string | undefined => {
  try {
    refuseSecrets(args)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const next = (...args: string[]): string => {
  try {
    refuseSecrets(args)
    return ''
  } catch (error) {
    return error instanceof UsageError ? error.next : String(error)
  }
}

describe('the command line', () => {
  it.each([
    '--secret',
    '--secret=abc',
    '--token',
    '--key',
    '--private-key=x',
    '--password',
    '--kek',
    '--authorization',
    '--jwt=1',
  ])('has no %s, and the refusal repeats no value', (option) => {
    expect(refused('sign', option, 'hunter2')).toMatch(
      /There is no --[a-z-]+: a secret never stands on the command line/,
    )
    expect(refused('sign', option, 'hunter2')).not.toMatch(/hunter2|abc/)
  })

  it.each([
    ['a token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'],
    ['a token', 'prefix eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIG'],
    ['a private key', '{"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}'],
    ['a header with credentials', 'Authorization: Basic YTpi'],
    ['a header with credentials', 'cookie: session=1'],
    ['a URL with credentials', 'https://alice:hunter2@orders.example/'],
    ['a URL with credentials', 'https://orders.example/?access_token=abc'],
    ['a secret', randomBytes(32).toString('hex')],
    ['a secret', randomBytes(16).toString('hex').toUpperCase()],
    ['a secret', 'kH8z3Lq0Xw5Tn2Vb7Rc1Yd9Fg4Js6Mp0aQ1eZ3uI5o='],
    ['a secret', 'kH8z3Lq0Xw5Tn2Vb7Rc1Yd_-'],
  ])('is refused with %s in it, without repeating it', (kind, text) => {
    for (const args of [
      ['sign', text],
      ['sign', '--data', text],
      ['sign', `--data=${text}`],
    ]) {
      expect(refused(...args)).toContain(`looks like ${kind}`)
      expect(refused(...args)).not.toContain(text)
    }
  })

  it('says what to do instead', () => {
    const hex = randomBytes(32).toString('hex')
    expect(refused('sign', hex)).toContain('looks like a secret')
    expect(next('sign', hex)).toContain('--secret-stdin')
    expect(next('sign', '--data', hex)).toContain('--data-file')
    expect(next('token', 'inspect', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln')).toContain(
      'countersign token inspect FILE',
    )
    expect(next('sign', '--header', 'Authorization: Bearer x')).toContain('--token-env')
    expect(next('sign', 'https://a:b@c/')).toContain('out of the URL')
  })

  it('finds random bytes in hex and base64url, whichever they are', () => {
    for (let count = 0; count < 1000; count++) {
      const bytes = createHash('sha256').update(String(count)).digest()
      expect(refused('sign', bytes.toString('hex'))).toBeDefined()
      expect(refused('sign', bytes.toString('base64url'))).toBeDefined()
    }
  })

  it.each([
    'billing-2026-11',
    'https://orders.example/orders/42?limit=10',
    '/home/Alice1/projects/orders-service/keys.production.json',
    'realm_access.roles=["orders:read"]',
    'content-type: application/json',
    '2026-11-22T12:00:00Z',
    'orders:read orders:write',
    '/home/Alice/projects/MyServiceName/keysFile',
    '{"amount":1000,"currency":"EUR"}',
    'auth0|5f7c8ec7c33c6c004bbafe82',
    'application/vnd.countersign.v2+json',
    randomUUID(),
  ])('takes %s', (text) => {
    expect(refused('token', 'mint', '--subject', text)).toBeUndefined()
  })

  it('takes a random name where a key is named, and nowhere else', () => {
    const thumbprint = 'GGRGFSklz_CU8SqF_yocAexyQhdh8a0tseZXzl8dSy0'
    expect(refused('keys', 'retire', thumbprint)).toBeUndefined()
    expect(refused('keys', 'rotate', thumbprint, '--key-file', 'k')).toBeUndefined()
    expect(refused('token', 'mint', '--kid', thumbprint)).toBeUndefined()
    expect(refused('token', 'mint', `--kid=${thumbprint}`)).toBeUndefined()
    expect(refused('keys', 'create', thumbprint)).toBeDefined()
    expect(refused('token', 'mint', '--subject', thumbprint)).toBeDefined()
  })
})

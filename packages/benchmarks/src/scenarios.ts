import { randomBytes } from 'node:crypto'
import { createSigner } from '@countersign/client'
import {
  type AuditLogger,
  bearer,
  createVerifier,
  type DenyReason,
  hmac,
  keyRing,
  memoryReplayStore,
  type RequestView,
  type SchemeOptions,
  staticKeys,
  type Verifier,
} from '@countersign/core'
import pino from 'pino'
import { keysGroup } from './keys.js'
import {
  type Algorithm,
  AUDIENCE,
  ISSUER,
  jsonOf,
  makeToken,
  makeTokenKey,
  Pool,
  signedViewOf,
  type TokenKey,
  toStaticKey,
  viewOf,
  withBadSignature,
} from './material.js'
import { metricsGroup } from './metrics.js'
import * as macs from './peers/macs.js'
import * as tokens from './peers/tokens.js'
import { asyncContender, type Contender, contender, type Scenario } from './rounds.js'

/** Scenarios that share a process: one verifier's work must not shape the machine code of the next. */
export type Group = () => Promise<readonly Scenario[]>

export const GROUPS: Readonly<Record<string, Group>> = {
  HS256: () => tokenGroup('HS256', 20_000),
  RS256: () => tokenGroup('RS256', 4_000),
  ES256: () => tokenGroup('ES256', 10_000),
  EdDSA: () => tokenGroup('EdDSA', 10_000),
  'HMAC 0 B': () => hmacGroup('HMAC 0 B', 0),
  'HMAC 1 KiB': () => hmacGroup('HMAC 1 KiB', 1024),
  'HMAC 64 KiB': () => hmacGroup('HMAC 64 KiB', 65_536),
  'HMAC 1 MiB': () => hmacGroup('HMAC 1 MiB', 1_048_576),
  denials: denialGroup,
  audit: auditGroup,
  metrics: metricsGroup,
  keys: keysGroup,
}

const REPEATED_TOKENS = 1_000
const LIMIT = 'limit: bare node:crypto + base64url + JSON.parse'

export function bearerScheme(key: TokenKey, tokenCacheEntries: number = 10_000): SchemeOptions {
  const issuer = { issuer: ISSUER, algorithms: [key.algorithm], keys: staticKeys([toStaticKey(key)]) }
  return bearer({ issuers: [issuer], tokenCacheEntries })
}

function hmacScheme(secret: Buffer): SchemeOptions {
  return hmac({
    keys: keyRing([{ id: 'billing-2026-11', client: 'billing', secret, roles: ['orders:write'] }]),
    replay: memoryReplayStore({ maxEntries: 10_000_000 }),
  })
}

function verifierOf(schemes: readonly SchemeOptions[], audit: AuditLogger | null = null): Verifier {
  return createVerifier({ audience: AUDIENCE, schemes, audit })
}

function allowing(name: string, verifier: Verifier, prepare: () => RequestView): Contender {
  return contender(name, prepare, (view) => {
    const decision = verifier.verify(view, 'authenticated')
    return !(decision instanceof Promise) && decision.outcome === 'allow'
  })
}

function denying(reason: DenyReason, verifier: Verifier, prepare: () => RequestView): Contender {
  return contender('countersign', prepare, (view) => {
    const decision = verifier.verify(view, 'authenticated')
    return !(decision instanceof Promise) && decision.outcome === 'deny' && decision.reason === reason
  })
}

async function tokenGroup(algorithm: Algorithm, poolSize: number): Promise<readonly Scenario[]> {
  const key = makeTokenKey(algorithm)
  const pool = Array.from({ length: poolSize }, () => makeToken(key))
  return [
    freshTokens(`${algorithm}, fresh tokens (${poolSize} distinct)`, key, pool),
    repeatedTokens(`${algorithm}, repeated tokens (${REPEATED_TOKENS} distinct)`, key, pool.slice(0, REPEATED_TOKENS)),
  ]
}

function freshTokens(title: string, key: TokenKey, texts: readonly string[]): Scenario {
  const token = () => new Pool(texts).next
  const view = () => {
    const { next } = new Pool(texts.map((text) => `Bearer ${text}`))
    return () => viewOf(next())
  }
  const jsonwebtoken = tokens.jsonwebtoken(key)
  return {
    title,
    contenders: [
      contender(LIMIT, token(), tokens.limit(key)),
      allowing('countersign, no cache', verifierOf([bearerScheme(key, 0)]), view()),
      // Half the pool: no token is still there when its turn comes again.
      allowing('countersign, cache missed', verifierOf([bearerScheme(key, texts.length / 2)]), view()),
      contender('fast-jwt, no cache', token(), tokens.fastJwt(key, false)),
      ...(jsonwebtoken === undefined ? [] : [contender('jsonwebtoken, KeyObject', token(), jsonwebtoken)]),
      asyncContender('jose, one at a time', token(), tokens.jose(key)),
    ],
  }
}

function repeatedTokens(title: string, key: TokenKey, texts: readonly string[]): Scenario {
  const bearers = texts.map((text) => `Bearer ${text}`)
  const view = () => {
    const { next } = new Pool(bearers)
    return () => viewOf(next())
  }
  const known = new Map(texts.map((text) => [text, true]))
  return {
    title,
    contenders: [
      contender(
        'reference: one Map lookup by the whole token',
        new Pool(texts).next,
        (token) => known.get(token) === true,
      ),
      allowing('countersign', verifierOf([bearerScheme(key)]), view()),
      allowing(
        'countersign, HMAC scheme beside it',
        verifierOf([bearerScheme(key), hmacScheme(randomBytes(32))]),
        view(),
      ),
      contender(LIMIT, new Pool(texts).next, tokens.limit(key)),
      contender('fast-jwt, cache of 10 000', new Pool(texts).next, tokens.fastJwt(key, 10_000)),
    ],
  }
}

async function hmacGroup(title: string, bodyBytes: number): Promise<readonly Scenario[]> {
  const secret = randomBytes(32)
  const body = jsonOf(bodyBytes)
  const contenders: [Contender, ...Contender[]] = [
    macs.limit(secret, body),
    macs.profileLimit(secret, body),
    allowing('countersign, each with its own nonce', verifierOf([hmacScheme(secret)]), signedViews(secret, body)),
    macs.hawk(secret, body),
  ]
  if (bodyBytes > 0) contenders.push(macs.standardWebhooks(secret, body), await macs.octokit(secret, body))
  return [{ title, contenders }]
}

function signedViews(secret: Buffer, body: Buffer): () => RequestView {
  const signer = createSigner({ keyId: 'billing-2026-11', secret, audience: AUDIENCE })
  const headers = { 'content-type': 'application/json' }
  const contentSha256 = signer.sign({ method: 'POST', url: '/orders', headers, body })['x-hmac-content-sha256'] ?? ''
  return () => signedViewOf(signer.sign({ method: 'POST', url: '/orders', headers, contentSha256 }), body)
}

const DENIAL_TOKENS = 1_000

async function denialGroup(): Promise<readonly Scenario[]> {
  const key = makeTokenKey('HS256')
  const rsaKey = makeTokenKey('RS256')
  const secret = randomBytes(32)
  const pool = (make: () => string, count = DENIAL_TOKENS) => Array.from({ length: count }, make)
  const expired = () => makeToken(key, { exp: Math.floor(Date.now() / 1000) - 3600 })
  const otherwiseSigned = signedViews(randomBytes(32), jsonOf(1024))
  return [
    tokenDenial(
      'no token at all: 64 random characters',
      'token_malformed',
      key,
      pool(() => randomBytes(48).toString('base64url')),
    ),
    tokenDenial('expired token, HS256', 'token_expired', key, pool(expired)),
    tokenDenial(
      'bad signature, HS256',
      'signature_invalid',
      key,
      pool(() => withBadSignature(makeToken(key))),
    ),
    tokenDenial(
      'bad signature, RS256',
      'signature_invalid',
      rsaKey,
      pool(() => withBadSignature(makeToken(rsaKey))),
    ),
    {
      title: 'Denied: wrong MAC, 1 KiB body (which is not read)',
      contenders: [thrownError, denying('signature_invalid', verifierOf([hmacScheme(secret)]), otherwiseSigned)],
    },
    {
      title: 'Denied: no credentials, both schemes offered',
      contenders: [
        thrownError,
        denying('missing_credentials', verifierOf([bearerScheme(key), hmacScheme(secret)]), () => viewOf()),
      ],
    },
  ]
}

const thrownError: Contender = contender(
  'reference: an Error thrown and caught',
  () => undefined,
  () => {
    return isThrown(() => {
      throw new Error('refused')
    })
  },
)

function isThrown(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

function tokenDenial(what: string, reason: DenyReason, key: TokenKey, texts: readonly string[]): Scenario {
  const { next } = new Pool(texts.map((text) => `Bearer ${text}`))
  const fastJwt = tokens.fastJwt(key, false)
  const jsonwebtoken = tokens.jsonwebtoken(key)
  const contenders: [Contender, ...Contender[]] = [
    thrownError,
    denying(reason, verifierOf([bearerScheme(key)]), () => viewOf(next())),
    contender('fast-jwt', new Pool(texts).next, (token) => isThrown(() => fastJwt(token))),
  ]
  if (jsonwebtoken !== undefined) {
    contenders.push(
      contender('jsonwebtoken, KeyObject', new Pool(texts).next, (token) => isThrown(() => jsonwebtoken(token))),
    )
  }
  return { title: `Denied: ${what}`, contenders }
}

async function auditGroup(): Promise<readonly Scenario[]> {
  const key = makeTokenKey('HS256')
  const good = Array.from({ length: REPEATED_TOKENS }, () => makeToken(key))
  const bad = good.map(withBadSignature)
  const devNull = (minLength: number) => pino(pino.destination({ dest: '/dev/null', sync: true, minLength }))
  const scenario = (title: string, texts: readonly string[], make: typeof allowing): Scenario => {
    const view = () => {
      const { next } = new Pool(texts.map((text) => `Bearer ${text}`))
      return () => viewOf(next())
    }
    const scheme = () => [bearerScheme(key)]
    return {
      title,
      contenders: [
        make('countersign, audit null', verifierOf(scheme()), view()),
        make('countersign, pino to /dev/null, line by line', verifierOf(scheme(), devNull(0)), view()),
        make('countersign, pino to /dev/null, 4 KiB at a time', verifierOf(scheme(), devNull(4096)), view()),
      ],
    }
  }
  return [
    scenario('Audit: repeated tokens, HS256', good, allowing),
    scenario('Audit: denied for a bad signature, HS256', bad, (name, verifier, prepare) => {
      return { ...denying('signature_invalid', verifier, prepare), name }
    }),
  ]
}

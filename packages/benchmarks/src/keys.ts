import { generateKeyPairSync } from 'node:crypto'
import {
  type HmacKeySource,
  keyRing,
  remoteJwks,
  staticKeys,
  systemClock,
  type VerificationKeySource,
} from '@countersign/core'
import { type Contender, contender, type Scenario } from './rounds.js'

const SIZES = [1, 100, 10_000, 100_000] as const
const context = { clock: systemClock, option: 'keys' }
const kidOf = (index: number): string => `key-${String(index).padStart(8, '0')}`

/** A kid of one of the first `count` keys, as a string that nobody has looked up before: as one out of a token is. */
function anyKid(count: number): string {
  return Buffer.from(kidOf(Math.floor(Math.random() * count)), 'latin1').toString('latin1')
}

/** What it costs to find a key among many. */
export async function keysGroup(): Promise<readonly Scenario[]> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keysOf = (count: number): VerificationKeySource => {
    return staticKeys(
      Array.from({ length: count }, (_, index) => ({ kid: kidOf(index), algorithm: 'ES256', publicKey })),
    )
  }
  const jwks = {
    keys: Array.from({ length: 100 }, (_, index) => ({ ...publicKey.export({ format: 'jwk' }), kid: kidOf(index) })),
  }
  const remote = remoteJwks('https://id.example/jwks', { fetch: async () => Response.json(jwks) })
  const scenarios: readonly Scenario[] = [
    {
      title: 'A verification key found by kid',
      contenders: [
        finding('among 1', keysOf(1), 1),
        ...SIZES.slice(1).map((count) => finding(`among ${count}`, keysOf(count), count)),
        await warm(remote),
      ],
    },
    {
      title: 'An HMAC key found by its id',
      contenders: [findingSecret(1), ...SIZES.slice(1).map(findingSecret)],
    },
  ]
  return scenarios
}

function finding(name: string, source: VerificationKeySource, count: number): Contender {
  const keys = source.open({ ...context, algorithms: ['ES256'] })
  return contender(
    name,
    () => anyKid(count),
    (kid) => {
      const key = keys.find(kid, 'ES256', 0)
      return !(key instanceof Promise) && key?.kid === kid
    },
  )
}

async function warm(source: VerificationKeySource): Promise<Contender> {
  const keys = source.open({ ...context, algorithms: ['ES256'] })
  await keys.warmup()
  return finding('among 100 of a remote set', { open: () => keys }, 100)
}

function findingSecret(count: number): Contender {
  const ring: HmacKeySource = keyRing(
    Array.from({ length: count }, (_, index) => ({ id: kidOf(index), client: 'billing', secret: secretOf(index) })),
  )
  const keys = ring.open(context)
  return contender(
    `among ${count}`,
    () => anyKid(count),
    (id) => {
      const key = keys.find(id, 0)
      return !(key instanceof Promise) && key?.id === id
    },
  )
}

function secretOf(index: number): Buffer {
  const secret = Buffer.alloc(32, 1)
  secret.writeUInt32BE(index)
  return secret
}

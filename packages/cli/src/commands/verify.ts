import { bearer, createVerifier, type Decision, type HmacKeySource, hmac, type IssuerOptions } from '@countersign/core'
import { JWT_ALGORITHMS, parseToken } from '@countersign/core/inspect'
import type { Command } from 'commander'
import { collect } from '../collect.js'
import type { Leaf } from '../command.js'
import { UsageError } from '../errors.js'
import { readInput } from '../files.js'
import type { Io } from '../io.js'
import { addHmacKey, type HmacKeyArgs, hmacKeys } from '../keys/hmac-key-args.js'
import { readKeyFile } from '../keys/key-file-args.js'
import { describeDecision } from '../request/describe-decision.js'
import { explain } from '../request/explain.js'
import { parseRawRequest, type RawRequest } from '../request/raw-request.js'
import { parseDuration, parseMoment } from '../time.js'
import { jwksFor, signingKeysFor, type Wanted } from '../token/verification-keys.js'

interface VerifyArgs extends HmacKeyArgs {
  readonly file?: string
  readonly audience?: string
  readonly anyAudience?: boolean
  readonly issuer?: readonly string[]
  readonly jwks?: readonly string[]
  readonly window: string
  readonly now?: string
  readonly json?: boolean
}

export const verify: Leaf<VerifyArgs> = {
  name: 'verify',
  parameter: ['[file]', 'the file with the request, as it travelled; - or nothing: standard input'],
  summary: 'Verify a captured request, and say why it is refused',
  examples: [
    'countersign verify request.http --key-file keys.json --audience orders',
    'countersign verify request.http --key-file keys.json --audience orders --now 1763812800',
  ],
  declare(command: Command) {
    addHmacKey(command)
      .option('--audience <name>', 'the name that the service calls itself')
      .option('--any-audience', 'the service has none configured')
      .option('--issuer <url>', 'an issuer whose tokens are accepted; repeatable', collect)
      .option(
        '--jwks <file>',
        'the JWK Set of the issuer, in the order of --issuer (default: the signing keys of the key file)',
        collect,
      )
      .option('--window <time>', 'how far the timestamp may be off', '5m')
      .option('--now <moment>', 'verify as of then')
  },
  async run(args, io) {
    if (args.secretStdin === true && (args.file ?? '-') === '-') {
      throw new UsageError(
        'Request and secret cannot both come from standard input',
        'Name a file with the request, or give the secret by --secret-env or --secret-file.',
      )
    }
    const now = args.now === undefined ? io.clock() : parseMoment('--now', args.now, io.clock())
    const audience = audienceOf(args)
    const request = parseRawRequest(await readInput('the request', args.file ?? '-', io))
    const keys = await hmacKeys(args, io)
    const issuers = await issuersOf(request, args, io)
    const decision = await decide(request, {
      audience,
      keys,
      issuers,
      windowSeconds: parseDuration('--window', args.window),
      now,
    })
    const explanation =
      decision.outcome === 'allow'
        ? { hints: [] }
        : await explain({
            request,
            reason: decision.reason,
            now,
            audience,
            keys: keys?.open({ clock: () => now, option: 'keys' }),
          })
    io.stdout.write(
      describeDecision({ decision, request, explanation, isTokenUnread: issuers.length === 0 }, args.json === true, io),
    )
    return decision.outcome === 'allow' ? 0 : 1
  },
}

function audienceOf({ audience, anyAudience, profile }: VerifyArgs): string | null {
  if (audience !== undefined) return audience
  if (anyAudience === true || profile === 'body-timestamp') return null
  throw new UsageError(
    '--audience is required',
    'Give the name that the service calls itself, or --any-audience where it has none.',
  )
}

async function issuersOf(request: RawRequest, args: VerifyArgs, io: Io): Promise<readonly IssuerOptions[]> {
  const { issuer: names = [], jwks = [], keyFile } = args
  if (jwks.length > names.length)
    throw new UsageError('--jwks stands without its --issuer', 'Give one --issuer for each --jwks.')
  const wanted = wantedBy(request)
  return Promise.all(
    names.map(async (issuer, index) => {
      const file = jwks[index]
      if (file === undefined && keyFile === undefined)
        throw new UsageError('--issuer stands without its keys', 'Give --jwks FILE, or --key-file with signing keys.')
      const candidates =
        file === undefined
          ? signingKeysFor(await readKeyFile({ keyFile: keyFile ?? '' }, io), wanted)
          : jwksFor(await readInput('--jwks', file, io), wanted)
      return { issuer, ...candidates }
    }),
  )
}

/** The key that the token of a request names; something that none has where there is no such token. */
function wantedBy({ rawHeaders }: RawRequest): Wanted {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization')
  const compact = /^bearer (\S+)$/i.exec(rawHeaders[at + 1] ?? '')?.[1]
  const nothing: Wanted = { kid: undefined, algorithm: 'RS256' }
  if (at === -1 || compact === undefined) return nothing
  try {
    const { alg, kid } = parseToken(compact).header
    const algorithm = JWT_ALGORITHMS.find((name) => name === alg)
    return algorithm === undefined ? nothing : { kid, algorithm }
  } catch {
    // Malformed: the verifier will say so.
    return nothing
  }
}

interface Setting {
  readonly audience: string | null
  readonly keys: HmacKeySource | undefined
  readonly issuers: readonly IssuerOptions[]
  readonly windowSeconds: number
  readonly now: number
}

async function decide(
  request: RawRequest,
  { audience, keys, issuers, windowSeconds, now }: Setting,
): Promise<Decision> {
  const schemes = [
    // One request cannot be seen twice here.
    ...(keys === undefined ? [] : [hmac({ keys, replay: null, windowSeconds })]),
    ...(issuers.length === 0 ? [] : [bearer({ issuers })]),
  ]
  if (schemes.length === 0)
    throw new UsageError(
      'There is nothing to verify with',
      'The key file has no key for requests: give --issuer to verify a token.',
    )
  const verifier = createVerifier({ audience, schemes, audit: null, clock: () => now })
  const decision = await verifier.verify(
    { ...request, readBody: () => request.body, framework: 'cli' },
    'authenticated',
  )
  await verifier.close()
  return decision
}

import { randomUUID } from 'node:crypto'
import { isSymmetric } from '@countersign/core/inspect'
import type { Command } from 'commander'
import { collect } from '../collect.js'
import type { Leaf } from '../command.js'
import { UsageError } from '../errors.js'
import type { Io } from '../io.js'
import { addKeyFile, type KeyFileArgs, signingKeyIn } from '../keys/key-file-args.js'
import { addSecretSource, readMaterial, readSecret, type SecretSource } from '../secret-source.js'
import { painterFor, visibleJson } from '../style.js'
import { formatMoment, parseDuration, parseMoment } from '../time.js'
import { checkAlgorithm, importPrivateKey, importSecret, type SigningKey, signToken } from '../token/signing-key.js'

interface MintArgs extends SecretSource, KeyFileArgs {
  readonly kid?: string
  readonly algorithm?: string
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  readonly expiresIn: string
  readonly notBefore?: string
  readonly role?: readonly string[]
  readonly scope?: string
  readonly claim?: readonly string[]
  readonly type: string
  readonly json?: boolean
}

const LONG_SECONDS = 3600

export const mint: Leaf<MintArgs> = {
  name: 'mint',
  summary: 'Sign a token, for tests and for services',
  examples: [
    'countersign token mint --key-file keys.json --issuer https://id.example --audience orders --subject alice --role orders:read',
    'countersign token mint --secret-file key.pem --algorithm ES256 --kid main --issuer https://id.example --audience orders --subject alice',
  ],
  declare(command: Command) {
    addKeyFile(command, 'the newest active signing key of a key file')
    addSecretSource(command, 'or a private key (PEM, JWK) or a shared secret')
      .option('--kid <kid>', 'the id of the key: which one of the key file, or what to write into the header')
      .option('--algorithm <alg>', 'what to sign with, where the key does not say')
      .requiredOption('--issuer <url>', 'the claim iss')
      .requiredOption('--audience <name>', 'the claim aud: the service the token is for')
      .requiredOption('--subject <id>', 'the claim sub')
      .option('--expires-in <time>', 'the life of the token', '5m')
      .option('--not-before <moment>', 'the claim nbf')
      .option('--role <name>', 'a role, in the claim roles; repeatable', collect)
      .option('--scope <names>', 'the claim scope, space-delimited')
      .option('--claim <name=value>', 'another claim; the value is JSON, or else a text; repeatable', collect)
      .option('--type <typ>', 'the header parameter typ', 'JWT')
  },
  async run(args, io) {
    const signingKey = await signingKeyOf(args, io)
    const claims = claimsOf(args, io)
    const token = signToken(signingKey, args.type, claims)
    warnOfLongLife(args, io)
    io.stdout.write(
      args.json === true
        ? `${visibleJson({ token, algorithm: signingKey.algorithm, kid: signingKey.kid, claims })}\n`
        : `${token}\n`,
    )
    return 0
  },
}

async function signingKeyOf(args: MintArgs, io: Io): Promise<SigningKey> {
  if (args.keyFile !== undefined) return signingKeyIn({ ...args, keyFile: args.keyFile }, args.kid, io)
  const algorithm = args.algorithm === undefined ? undefined : checkAlgorithm('--algorithm', args.algorithm)
  if (algorithm !== undefined && isSymmetric(algorithm))
    return importSecret(await readSecret(args, io), algorithm, args.kid)
  return importPrivateKey(await readMaterial(args, io), algorithm, args.kid)
}

function claimsOf(args: MintArgs, io: Io): Record<string, unknown> {
  const now = Math.floor(io.clock())
  const claims: Record<string, unknown> = {
    iss: args.issuer,
    aud: args.audience,
    sub: args.subject,
    iat: now,
    exp: now + parseDuration('--expires-in', args.expiresIn),
    jti: randomUUID(),
  }
  if (args.notBefore !== undefined) claims['nbf'] = parseMoment('--not-before', args.notBefore, now)
  if (args.role !== undefined) claims['roles'] = args.role
  if (args.scope !== undefined) claims['scope'] = args.scope
  for (const text of args.claim ?? []) {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError('--claim is no name=value', 'As in --claim tenant=acme or --claim level=3.')
    claims[text.slice(0, at)] = claimValue(text.slice(at + 1))
  }
  return claims
}

function claimValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function warnOfLongLife({ expiresIn }: MintArgs, io: Io): void {
  const seconds = parseDuration('--expires-in', expiresIn)
  if (seconds <= LONG_SECONDS) return
  const until = formatMoment(Math.floor(io.clock()) + seconds)
  io.stderr.write(
    `${painterFor(io.stderr, io.env)('yellow', 'countersign: warning:')} the token lives for more than an hour, until ${until}: whoever finds it can use it until then.\n`,
  )
}

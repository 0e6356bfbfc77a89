import type { DenyReason } from '@countersign/core'
import { JWT_ALGORITHMS } from '@countersign/core/inspect'
import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { FailedError, UsageError } from '../errors.js'
import { readInput } from '../files.js'
import type { Io } from '../io.js'
import { addKeyFile, type KeyFileArgs, readKeyFile } from '../keys/key-file-args.js'
import { addSecretSource, hasSecretSource, readSecret, type SecretSource } from '../secret-source.js'
import { parseDuration, parseMoment } from '../time.js'
import { checkToken, type TakenApart, type TokenRules } from '../token/check-token.js'
import { describeToken, type Findings } from '../token/describe-token.js'
import { checkAlgorithm } from '../token/signing-key.js'
import {
  type Candidates,
  jwksFor,
  publicKeyFor,
  secretFor,
  signingKeysFor,
  type Wanted,
} from '../token/verification-keys.js'
import { verifyToken } from '../token/verify-token.js'

export interface InspectArgs extends SecretSource, KeyFileArgs {
  readonly file?: string
  readonly issuer?: string
  readonly audience?: string
  readonly algorithms?: string
  readonly tokenType?: string
  readonly maxAge?: string
  readonly skew: string
  readonly now?: string
  readonly jwks?: string
  readonly publicKey?: string
  readonly json?: boolean
}

export const inspect: Leaf<InspectArgs> = {
  name: 'inspect',
  parameter: ['[file]', 'the file with the token; - or nothing: standard input'],
  summary: 'Show what a token says and for what it would be refused; verify it where a key is given',
  examples: [
    'countersign token inspect token.txt --issuer https://id.example --audience orders',
    'countersign token inspect token.txt --jwks jwks.json --issuer https://id.example --audience orders',
  ],
  declare(command: Command) {
    command
      .option('--issuer <url>', 'refuse another iss')
      .option('--audience <name>', 'refuse another aud')
      .option('--algorithms <list>', 'refuse another alg: names with commas between')
      .option('--token-type <type>', 'at+jwt asks for access tokens of RFC 9068 strictly (default: any)')
      .option('--max-age <time>', 'refuse a token issued longer ago')
      .option('--skew <time>', 'how far the clocks may differ', '30s')
      .option('--now <moment>', 'judge as of then')
      .option('--jwks <file>', 'verify with a JWK Set')
      .option('--public-key <file>', 'verify with a public key in PEM')
    addKeyFile(command, 'verify with a key of a key file')
    addSecretSource(command, 'verify with a shared secret')
  },
  async run(args, io) {
    const now = args.now === undefined ? io.clock() : parseMoment('--now', args.now, io.clock())
    const compact = await readToken(args, io)
    const rules = rulesOf(args)
    const taken = checkToken(compact, rules, now)
    const findings = await verified(taken, rules, args, now, io)
    io.stdout.write(describeToken(findings, rules, now, args.json === true, io))
    return findings.reasons.length === 0 ? 0 : 1
  },
}

async function readToken({ file, secretStdin }: InspectArgs, io: Io): Promise<string> {
  if (secretStdin === true && (file === undefined || file === '-')) {
    throw new UsageError(
      'Token and secret cannot both come from standard input',
      'Name a file with the token, or give the secret by --secret-env or --secret-file.',
    )
  }
  const compact = (await readInput('the token', file ?? '-', io))
    .toString('latin1')
    .trim()
    .replace(/^(authorization:\s*)?bearer\s+/i, '')
  if (compact === '') throw new FailedError('There is no token', 'Pipe it in, or name a file that holds it.')
  return compact
}

function rulesOf(args: InspectArgs): TokenRules {
  const { issuer, audience, algorithms, tokenType = 'any', maxAge, skew } = args
  if (tokenType !== 'any' && tokenType !== 'at+jwt')
    throw new UsageError('--token-type is not known', 'Give any or at+jwt.')
  const skewSeconds = parseDuration('--skew', skew)
  if (skewSeconds > 300) throw new UsageError('--skew is more than a verifier allows', 'Give at most 5m.')
  return {
    issuer,
    audience,
    algorithms: algorithms?.split(',').map((name) => checkAlgorithm('--algorithms', name.trim())),
    tokenType,
    skewSeconds,
    maxAgeSeconds: maxAge === undefined ? null : parseDuration('--max-age', maxAge),
  }
}

async function verified(
  taken: TakenApart,
  rules: TokenRules,
  args: InspectArgs,
  now: number,
  io: Io,
): Promise<Findings> {
  const open = [
    ...(rules.issuer === undefined ? ['iss was not compared: give --issuer'] : []),
    ...(rules.audience === undefined ? ['aud was not compared: give --audience'] : []),
  ]
  const { token } = taken
  const algorithm = JWT_ALGORITHMS.find((name) => name === token?.header.alg)
  if (token === undefined || algorithm === undefined || !hasKeySource(args))
    return { ...taken, signature: 'not checked', open }
  const wanted = { kid: token.header.kid, algorithm }
  const reason = await verifyToken(token.compact, wanted, await candidatesFor(wanted, args, io), rules, now)
  if (reason === undefined) return { ...taken, signature: 'holds', open }
  const reasons = [reason, ...taken.reasons.filter((other) => other !== reason)]
  return { ...taken, signature: signatureAfter(reason), reasons, open }
}

function hasKeySource(args: InspectArgs): boolean {
  const { jwks, publicKey, keyFile } = args
  const given = [jwks !== undefined, publicKey !== undefined, keyFile !== undefined, hasSecretSource(args)].filter(
    Boolean,
  ).length
  if (given > 1)
    throw new UsageError('There are two sources of keys', 'Give one of --key-file, --jwks, --public-key and a secret.')
  return given === 1
}

async function candidatesFor(wanted: Wanted, args: InspectArgs, io: Io): Promise<Candidates> {
  const { jwks, publicKey, keyFile } = args
  if (jwks !== undefined) return jwksFor(await readInput('--jwks', jwks, io), wanted)
  if (publicKey !== undefined) return publicKeyFor(await readInput('--public-key', publicKey, io), wanted)
  if (keyFile !== undefined) return signingKeysFor(await readKeyFile({ keyFile }, io), wanted)
  return secretFor(await readSecret(args, io), wanted)
}

/** Core looks at claims once the signature holds. */
function signatureAfter(reason: DenyReason): Findings['signature'] {
  if (reason === 'signature_invalid' || reason === 'key_unknown') return 'does not hold'
  return reason === 'algorithm_not_allowed' || reason === 'token_malformed' ? 'not checked' : 'holds'
}

import { createSigner } from '@countersign/client'
import type { Command } from 'commander'
import { collect } from '../collect.js'
import type { Leaf } from '../command.js'
import { FailedError, UsageError } from '../errors.js'
import { readInput } from '../files.js'
import type { Io } from '../io.js'
import { addHmacKey, type HmacKeyArgs, signerKey } from '../keys/hmac-key-args.js'
import { curlLine, type OutgoingRequest } from '../request/curl.js'
import { readEnvironment } from '../secret-source.js'
import { parseMoment } from '../time.js'

interface SignArgs extends HmacKeyArgs {
  readonly url: string
  readonly audience?: string
  readonly anyAudience?: boolean
  readonly method?: string
  readonly header?: readonly string[]
  readonly data?: string
  readonly dataFile?: string
  readonly tokenEnv?: string
  readonly tokenFile?: string
  readonly now?: string
  readonly curl?: boolean
  readonly json?: boolean
}

export const sign: Leaf<SignArgs> = {
  name: 'sign',
  parameter: ['<url>', 'the URL, or path and query as they will stand in the request line'],
  summary: 'Sign a request: print the headers to add, or a line for curl',
  examples: [
    'countersign sign http://127.0.0.1:3000/orders --key-file keys.json --key-id billing-2026-11 --audience orders',
    `countersign sign http://127.0.0.1:3000/orders --secret-env BILLING_SECRET --secret-format hex --key-id billing-2026-11 --audience orders --data '{"amount":1000}' --header 'content-type: application/json' --curl`,
  ],
  declare(command: Command) {
    addHmacKey(command)
      .option('--client <name>', 'of a key file: the newest active key of this client')
      .option('--audience <name>', 'the name of the service that is called, as configured there')
      .option('--any-audience', 'the service has none configured')
      .option('--method <method>', 'default: GET, or POST where there is a body')
      .option('--header <line>', "a header that is sent, as 'name: value'; repeatable", collect)
      .option('--data <text>', 'the body')
      .option('--data-file <file>', 'the body from a file, - for standard input')
      .option('--token-env <name>', 'a bearer token to send and sign, from an environment variable')
      .option('--token-file <file>', 'a bearer token to send and sign, from a file')
      .option('--now <moment>', 'sign as of then')
      .option('--curl', 'print a curl command that sends the request')
  },
  async run(args, io) {
    const request = await requestOf(args, io)
    const token = await readToken(args, io)
    const headers: (readonly [string, string])[] = [
      ...request.headers,
      ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]),
    ]
    const key = await signerKey(args, io)
    const now = args.now === undefined ? io.clock() : parseMoment('--now', args.now, io.clock())
    const signature = signWith(
      { ...key, audience: audienceOf(args, key.profile), clock: () => now },
      { ...request, headers },
    )
    if (args.curl === true) io.stdout.write(`${curlLine(request, signature, args)}\n`)
    else if (args.json === true)
      io.stdout.write(`${JSON.stringify({ method: request.method, url: request.url, headers: signature })}\n`)
    else
      io.stdout.write(
        Object.entries(signature)
          .map(([name, value]) => `${name}: ${value}\n`)
          .join(''),
      )
    return 0
  },
}

function signWith(
  options: Parameters<typeof createSigner>[0],
  request: OutgoingRequest,
): Readonly<Record<string, string>> {
  const signer = createSigner(options)
  try {
    return signer.sign(request)
  } catch (error) {
    // The signer's messages name the field and never its value.
    if (error instanceof TypeError)
      throw new UsageError(
        error.message,
        'Only visible ASCII can be signed, each header once; a URL is percent-encoded.',
      )
    throw error
  }
}

function audienceOf({ audience, anyAudience }: SignArgs, profile: string | undefined): string | null {
  if (audience !== undefined) return audience
  if (anyAudience === true || profile === 'body-timestamp') return null
  throw new UsageError(
    '--audience is required',
    'Give the name that the service calls itself, or --any-audience where it has none.',
  )
}

async function requestOf(args: SignArgs, io: Io): Promise<OutgoingRequest> {
  if (args.data !== undefined && args.dataFile !== undefined)
    throw new UsageError('The body is given twice', 'Give --data or --data-file.')
  if (args.dataFile === '-' && args.secretStdin === true)
    throw new UsageError(
      'Body and secret cannot both come from standard input',
      'Give the secret by --secret-env or --secret-file.',
    )
  const body =
    args.data !== undefined
      ? Buffer.from(args.data)
      : args.dataFile === undefined
        ? null
        : await readInput('--data-file', args.dataFile, io)
  return {
    method: args.method ?? (body === null ? 'GET' : 'POST'),
    url: checkUrl(args.url),
    headers: (args.header ?? []).map(parseHeader),
    body,
  }
}

function checkUrl(url: string): string {
  if (url.startsWith('/')) return url
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new UsageError('<url> is no URL', 'As in http://127.0.0.1:3000/orders, or /orders alone.')
  return url
}

function parseHeader(line: string): readonly [string, string] {
  const at = line.indexOf(':')
  if (at < 1) throw new UsageError('--header is no header', "As in --header 'content-type: application/json'.")
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

async function readToken({ tokenEnv, tokenFile }: SignArgs, io: Io): Promise<string | undefined> {
  if (tokenEnv !== undefined && tokenFile !== undefined)
    throw new UsageError('The token is given twice', 'Give --token-env or --token-file.')
  if (tokenEnv === undefined && tokenFile === undefined) return undefined
  const bytes =
    tokenEnv === undefined
      ? await readInput('--token-file', tokenFile ?? '', io)
      : readEnvironment('--token-env', tokenEnv, io)
  const token = bytes.toString('latin1').trim()
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new FailedError(
      'The token has white space in it, or is none',
      'It is the token alone, without the word Bearer.',
    )
  return token
}

import { UsageError } from '../errors.js'

/** A request that is going to be sent. */
export interface OutgoingRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | null
}

/** Where curl gets what is not printed. */
export interface CurlSources {
  readonly data?: string
  readonly dataFile?: string
  readonly tokenEnv?: string
  readonly tokenFile?: string
}

/**
 * A line for a POSIX shell that sends a request once. A token does not stand in it: the shell hands it to curl through a pipe, where no other
 * process sees it.
 *
 * @throws {UsageError} what cannot be sent this way
 */
export function curlLine(
  request: OutgoingRequest,
  signature: Readonly<Record<string, string>>,
  sources: CurlSources,
): string {
  if (request.url.startsWith('/'))
    throw new UsageError('--curl needs a whole URL', 'As in http://127.0.0.1:3000/orders.')
  const fields = [
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ...Object.entries(signature).map(([name, value]) => `${name}: ${value}`),
  ]
  const hasType = request.headers.some(([name]) => name.toLowerCase() === 'content-type')
  // curl would add one of its own, which was not signed.
  if (request.body !== null && !hasType) fields.push('content-type:')
  const { origin, pathname, search } = new URL(request.url)
  const words = [
    'curl --globoff --path-as-is',
    ...(request.method === 'HEAD' ? ['--head'] : [`--request ${quote(request.method)}`]),
    ...fields.map((field) => `--header ${quote(field)}`),
    ...body(request, sources),
    // What was signed is the URL as `URL` spells it.
    quote(`${origin}${pathname}${search}`),
  ]
  const token = tokenWord(sources)
  if (token === undefined) return words.join(' ')
  if (sources.dataFile === '-')
    throw new UsageError(
      '--curl cannot take both token and body from standard input',
      'Save the body, and give --data-file FILE.',
    )
  return `printf 'authorization: Bearer %s\\n' ${token} | ${words.join(' ')} --header @-`
}

function body({ body: bytes }: OutgoingRequest, { data, dataFile }: CurlSources): string[] {
  if (bytes === null) return []
  if (data !== undefined) {
    // curl reads what follows an @ as the name of a file.
    return [data.startsWith('@') ? `--data-raw ${quote(data)}` : `--data-binary ${quote(data)}`]
  }
  return [`--data-binary ${quote(`@${dataFile ?? '-'}`)}`]
}

function tokenWord({ tokenEnv, tokenFile }: CurlSources): string | undefined {
  if (tokenEnv !== undefined) return `"$${tokenEnv}"`
  return tokenFile === undefined ? undefined : `"$(cat ${quote(tokenFile)})"`
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

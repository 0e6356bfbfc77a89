import { createHmac } from 'node:crypto'
import { canonicalText, contentSha256, type HmacAlgorithm } from '@countersign/core/hmac'
import {
  type BodyTimestampParameters,
  type HmacKey,
  type HmacKeyLookup,
  pathAndQuery,
  type RequestParameters,
  singleField,
} from '@countersign/core/inspect'
import { otherBodies } from './body-mistakes.js'
import type { Explanation } from './explanation.js'
import { findMistakes, macBytes } from './find-mistakes.js'
import { keyHints } from './key-hints.js'
import type { RawRequest } from './raw-request.js'
import { secretMistakes } from './secret-mistakes.js'

/** The text that the service built of a request of the profile `request`, and which mistakes explain its MAC. */
export async function explainRequest(
  request: RawRequest,
  parameters: RequestParameters,
  audience: string | null,
  keys: HmacKeyLookup,
  now: number,
): Promise<Explanation> {
  const fields = {
    ...parameters,
    audience: audience ?? '',
    method: request.method,
    target: pathAndQuery({ ...request, readBody: () => request.body, framework: 'cli' }),
    contentType: singleField(request.rawHeaders, 'content-type') ?? '',
    authorization: singleField(request.rawHeaders, 'authorization'),
  }
  const signedText = canonicalText(fields).split('\n').slice(0, -1)
  const key = await keys.find(parameters.keyId, now)
  if (key === undefined) return { signedText, hints: await keyHints(parameters, keys, now) }
  const form = macFormHints(parameters.mac, key, parameters.algorithm)
  const computation = { fields, spell: (text: string) => text, secret: key.secret.export() }
  const mistakes = findMistakes(computation, fieldsByName(request), key.algorithm, parameters.mac)
  if (mistakes.length > 0) return { signedText, hints: [...form, ...mistakes.map(({ told }) => told)] }
  return { signedText, hints: form.length > 0 ? form : UNKNOWN_MISTAKE }
}

const UNKNOWN_MISTAKE: readonly string[] = [
  'None of the classic mistakes explains this MAC. Compare the text above with the one that the client signed, byte for byte.',
  'If they are equal, the secrets are not: compare their length and encoding, white space at the end, and which key the client holds.',
]

function macFormHints(mac: string, key: HmacKey, algorithm: HmacAlgorithm): string[] {
  const hints: string[] = []
  if (algorithm !== key.algorithm)
    hints.push(`The key is for ${key.algorithm}: send x-hmac-${key.algorithm}, not x-hmac-${algorithm}.`)
  const bytes = algorithm === 'sha256' ? 32 : 64
  if (/^[0-9a-f]*$/.test(mac) && mac.length === bytes * 2) return hints
  const found =
    /[A-F]/.test(mac) && /^[0-9a-fA-F]*$/.test(mac)
      ? ', and it has upper case'
      : macBytes(mac).byteLength === bytes
        ? ', and it is written in another way'
        : ''
  return [
    ...hints,
    `The MAC is sent as ${bytes * 2} hexadecimal digits in lower case, without anything before them${found}.`,
  ]
}

/** The same for the profile `body-timestamp`. */
export async function explainBodyTimestamp(
  request: RawRequest,
  { mac, timestamp }: BodyTimestampParameters,
  keys: HmacKeyLookup,
  now: number,
): Promise<Explanation> {
  const signedText = [
    `<the ${request.body.byteLength} bytes of the body, SHA-256 ${contentSha256(request.body)}>`,
    `${timestamp} (at once behind the body, nothing behind it)`,
  ]
  const received = macBytes(mac)
  for (const key of await keys.bodyTimestampKeys(now)) {
    const secret = key.secret.export()
    const holds = (bytes: Buffer, parts: readonly (Buffer | string)[]) => {
      const computed = createHmac('sha256', bytes)
      for (const part of parts) computed.update(part)
      return computed.digest().equals(received)
    }
    if (holds(secret, [request.body, timestamp])) return { signedText, hints: macFormHints(mac, key, 'sha256') }
    const spelling = SPELLINGS.find(({ parts }) => holds(secret, parts(request.body, timestamp)))
    const other = otherBodies(request.body).find(({ body }) => holds(secret, [body, timestamp]))
    const mistake = secretMistakes(secret).find(({ apply }) => {
      const applied = apply({ fields: NO_FIELDS, spell: (text) => text, secret })
      return holds(applied.secret, [request.body, timestamp])
    })
    const told = [spelling, other, mistake].flatMap((found) => (found === undefined ? [] : [found.told]))
    if (told.length > 0) return { signedText, hints: told }
  }
  return { signedText, hints: UNKNOWN_MISTAKE }
}

const NO_FIELDS = {
  keyId: '',
  timestamp: '',
  nonce: '',
  audience: '',
  method: '',
  target: '',
  contentType: '',
  contentSha256: '',
}

const SPELLINGS: readonly {
  readonly told: string
  readonly parts: (body: Buffer, timestamp: string) => readonly (Buffer | string)[]
}[] = [
  {
    told: 'The client signed the timestamp before the body. It comes behind the body.',
    parts: (body, timestamp) => [timestamp, body],
  },
  { told: 'The client signed the body alone, without the timestamp.', parts: (body) => [body] },
  ...['.', ':', '\n', '|', ' '].flatMap((separator) => [
    {
      told: 'The client put a separator between body and timestamp. There is none.',
      parts: (body: Buffer, timestamp: string) => [body, separator, timestamp],
    },
    {
      told: 'The client signed the timestamp, a separator and the body. It is the body and then at once the timestamp.',
      parts: (body: Buffer, timestamp: string) => [timestamp, separator, body],
    },
  ]),
  {
    told: 'The client signed the timestamp in milliseconds and sent it in seconds.',
    parts: (body, timestamp) => [body, `${timestamp}000`],
  },
]

function fieldsByName({ rawHeaders }: RawRequest): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let index = 0; index < rawHeaders.length; index += 2)
    fields.set((rawHeaders[index] as string).toLowerCase(), rawHeaders[index + 1] as string)
  return fields
}

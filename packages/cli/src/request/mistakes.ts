import type { SignedFields } from '@countersign/core/hmac'

/*
 * The classic mistakes of those who sign requests. Each is tried out: where the MAC of the request holds for the text, or with the secret, that a
 * mistake makes, the mistake is found and not guessed.
 */

/** What a MAC is computed of, on one side. */
export interface Computation {
  readonly fields: SignedFields
  /** Of the canonical text, made of the fields. */
  readonly spell: (text: string) => string
  readonly secret: Buffer
}

export interface Mistake {
  /** Which part it is about: two mistakes are tried together only where they are about two parts. */
  readonly part: string
  /** What the client did, as a sentence. */
  readonly told: string
  readonly apply: (computation: Computation) => Computation
}

/** @param headers - of the request, to guess from: names in lower case */
export function mistakesFor(
  fields: SignedFields,
  headers: ReadonlyMap<string, string>,
  secret: Buffer,
): readonly Mistake[] {
  return [
    ...targetMistakes(fields.target, headers),
    ...methodMistakes(fields.method),
    ...contentTypeMistakes(fields.contentType),
    ...authorizationMistakes(fields.authorization),
    ...audienceMistakes(fields.audience, headers),
    ...digestMistakes(fields.contentSha256),
    ...TEXT_MISTAKES,
    ...secretMistakes(secret),
  ]
}

function field(part: keyof SignedFields, value: string, told: string): Mistake {
  return { part, told, apply: (computation) => ({ ...computation, fields: { ...computation.fields, [part]: value } }) }
}

const shown = (text: string): string => JSON.stringify(text)

function targetMistakes(target: string, headers: ReadonlyMap<string, string>): Mistake[] {
  const candidates: [string, string][] = []
  const [path = '', query] = split(target)
  const segments = path.split('/')
  for (let count = 1; count <= 3 && count < segments.length - 1; count++) {
    const rest = `/${segments.slice(count + 1).join('/')}${query ?? ''}`
    candidates.push([
      rest,
      `A prefix stands in the request line that was not signed: the client signed ${shown(rest)}. Sign the target as it is sent, or have the service take the prefix off.`,
    ])
  }
  for (const prefix of prefixes(headers)) {
    candidates.push([
      `${prefix}${target}`,
      `A proxy took the prefix ${shown(prefix)} off: the client signed ${shown(`${prefix}${target}`)}. Put the prefix back by the adapter's configuration, or sign without it.`,
    ])
  }
  for (const name of ['x-original-uri', 'x-original-url', 'x-envoy-original-path', 'x-forwarded-uri']) {
    const original = headers.get(name)
    if (original !== undefined)
      candidates.push([original, `A proxy rewrote the target: the client signed ${shown(original)}, as ${name} says.`])
  }
  candidates.push([
    target.replaceAll('%25', '%'),
    'The target was encoded twice on its way, or sent so: the client signed it encoded once.',
  ])
  candidates.push([decodeOnce(target), 'The client signed the decoded target. Sign it percent-encoded, as it is sent.'])
  candidates.push([encodeURI(target), 'The target was encoded twice: the client signed it with its % as %25.'])
  candidates.push([target.replaceAll('%20', '+'), 'The client signed + where %20 is sent.'])
  candidates.push([target.replaceAll('+', '%20'), 'The client signed %20 where + is sent.'])
  candidates.push([
    recase(target, 'lower'),
    'The client signed percent-encodings in lower case, and upper case is sent.',
  ])
  candidates.push([
    recase(target, 'upper'),
    'The client signed percent-encodings in upper case, and lower case is sent.',
  ])
  if (query !== undefined) {
    candidates.push([path, 'The client signed the path without its query.'])
    candidates.push([
      `${path}?${query.slice(1).split('&').sort().join('&')}`,
      'The client signed the query sorted, and sent it in another order.',
    ])
  }
  if (path !== '/') {
    const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`
    candidates.push([`${other}${query ?? ''}`, 'The client signed the path with another slash at its end.'])
  }
  const host = headers.get('host')
  if (host !== undefined) {
    for (const scheme of ['https', 'http']) {
      candidates.push([`${scheme}://${host}${target}`, 'The client signed the whole URL. Sign path and query alone.'])
    }
  }
  return candidates.filter(([value]) => value !== target).map(([value, told]) => field('target', value, told))
}

function split(target: string): [string, string | undefined] {
  const at = target.indexOf('?')
  return at === -1 ? [target, undefined] : [target.slice(0, at), target.slice(at)]
}

function prefixes(headers: ReadonlyMap<string, string>): string[] {
  const told = headers.get('x-forwarded-prefix') ?? headers.get('x-script-name')
  return [...(told === undefined ? [] : [`/${told.replace(/^\/+|\/+$/g, '')}`]), '/api', '/v1', '/api/v1']
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function recase(target: string, to: 'lower' | 'upper'): string {
  return target.replace(/%[0-9a-fA-F]{2}/g, (code) => (to === 'lower' ? code.toLowerCase() : code.toUpperCase()))
}

function methodMistakes(method: string): Mistake[] {
  const others = new Set([method.toUpperCase(), method.toLowerCase(), 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'])
  others.delete(method)
  return [...others].map((other) =>
    field('method', other, `The client signed the method ${other}, and ${method} came.`),
  )
}

function contentTypeMistakes(contentType: string): Mistake[] {
  const bare = contentType.split(';', 1)[0] as string
  const others = new Map([
    [
      '',
      'The client signed no content type, and one was sent. Some libraries add it by themselves: set it, and sign it.',
    ],
    [bare, 'The client signed the content type without its parameters.'],
    [contentType.toLowerCase(), 'The client signed the content type in lower case.'],
  ])
  for (const common of [
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=utf-8',
    'application/x-www-form-urlencoded',
    'text/plain;charset=UTF-8',
  ]) {
    others.set(
      common,
      `The client signed the content type ${shown(common)}, and ${contentType === '' ? 'none' : 'another'} came.`,
    )
  }
  others.delete(contentType)
  return [...others].map(([value, told]) => field('contentType', value, told))
}

function authorizationMistakes(authorization: string | undefined): Mistake[] {
  const part = 'authorization'
  const omitted: Mistake = {
    part,
    told: 'The client left the line authorization-sha256 out. It always stands, empty where there is no Authorization header.',
    apply: (computation) => ({
      ...computation,
      spell: (text) => computation.spell(text).replace(/authorization-sha256:[0-9a-f]*\n/, ''),
    }),
  }
  if (authorization === undefined)
    return [
      omitted,
      field(
        part,
        '',
        'The client signed the SHA-256 of an empty text. Without an Authorization header the line is empty.',
      ),
    ]
  const unsigned: Mistake = {
    part,
    told: 'The client did not sign the Authorization header, which was added later, or on the way. Sign after it is set.',
    apply: (computation) => ({ ...computation, fields: { ...computation.fields, authorization: undefined } }),
  }
  const token = authorization.replace(/^\S+\s+/, '')
  return [
    omitted,
    unsigned,
    field(
      part,
      token,
      'The client signed the token alone. Sign the whole value of the Authorization header, with the word Bearer.',
    ),
  ]
}

function audienceMistakes(audience: string, headers: ReadonlyMap<string, string>): Mistake[] {
  const host = headers.get('host')
  const others = new Set([
    '',
    ...(host === undefined ? [] : [host, host.replace(/:[0-9]+$/, ''), `https://${host}`, `http://${host}`]),
    audience.toLowerCase(),
  ])
  others.delete(audience)
  return [...others].map((other) => {
    const signed = other === '' ? 'no audience' : `the audience ${shown(other)}`
    return field(
      'audience',
      other,
      `The client signed ${signed}. Both sides must configure the same name of the service.`,
    )
  })
}

function digestMistakes(digest: string): Mistake[] {
  const bytes = Buffer.from(digest, 'hex')
  return [
    field(
      'contentSha256',
      digest.toUpperCase(),
      'The client signed the digest in upper case. Hexadecimal digits are lower case.',
    ),
    field('contentSha256', bytes.toString('base64'), 'The client signed the digest in base64. It is hexadecimal.'),
    field(
      'contentSha256',
      '',
      'The client signed an empty content-sha256. Without a body it is the SHA-256 of the empty text.',
    ),
  ]
}

function spelling(told: string, respell: (text: string) => string): Mistake {
  return {
    part: 'text',
    told,
    apply: (computation) => ({ ...computation, spell: (text) => respell(computation.spell(text)) }),
  }
}

const TEXT_MISTAKES: readonly Mistake[] = [
  spelling('The client left out the last line feed: every line ends in one, the last too.', (text) =>
    text.slice(0, -1),
  ),
  spelling('The client ended the lines in CR LF. They end in a line feed alone.', (text) =>
    text.replaceAll('\n', '\r\n'),
  ),
  spelling('The client put a space behind the colons. There is none.', (text) =>
    text.replace(/^([a-z0-9-]+):/gm, '$1: '),
  ),
  spelling('The client left out the first line, countersign-hmac-v1.', (text) => text.slice(text.indexOf('\n') + 1)),
  spelling('The client signed in another encoding than UTF-8, or escaped the line feeds.', (text) =>
    text.replaceAll('\n', '\\n'),
  ),
]

/** Other readings of the same secret. Told without a character of it. */
export function secretMistakes(secret: Buffer): readonly Mistake[] {
  const text = secret.toString('latin1')
  const isHex = /^([0-9a-fA-F]{2})+$/.test(text)
  const isBase64 = /^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(text)
  const readings: [Buffer, string][] = [
    [
      Buffer.from(secret.toString('hex')),
      'The client used the hexadecimal text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('hex').toUpperCase()),
      'The client used the hexadecimal text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('base64')),
      'The client used the base64 text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('base64url')),
      'The client used the base64url text of the secret as the secret: decode it first.',
    ],
    ...(isHex
      ? [
          [
            Buffer.from(text, 'hex'),
            'The client decoded the secret from hexadecimal, and the service uses its text: import it with --secret-format hex.',
          ] satisfies [Buffer, string],
        ]
      : []),
    ...(isBase64
      ? [
          [
            Buffer.from(text, 'base64'),
            'The client decoded the secret from base64, and the service uses its text: import it with --secret-format base64.',
          ] satisfies [Buffer, string],
        ]
      : []),
    [
      Buffer.concat([secret, Buffer.from('\n')]),
      "The client's secret has a line feed at its end, as read from a file. Trim it.",
    ],
    [
      Buffer.concat([secret, Buffer.from('\r\n')]),
      "The client's secret has CR LF at its end, as read from a file. Trim it.",
    ],
    [Buffer.concat([secret, Buffer.from(' ')]), "The client's secret has a space at its end. Trim it."],
    [
      Buffer.from(text.trim(), 'latin1'),
      "The service's secret has white space around it, and the client's has none. Trim it.",
    ],
  ]
  return readings
    .filter(([bytes]) => !bytes.equals(secret) && bytes.byteLength > 0)
    .map(([bytes, told]) => ({ part: 'secret', told, apply: (computation) => ({ ...computation, secret: bytes }) }))
}

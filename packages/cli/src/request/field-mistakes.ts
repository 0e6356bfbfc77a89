import { field, type Mistake, shown } from './mistake.js'

export function methodMistakes(method: string): Mistake[] {
  const others = new Set([method.toUpperCase(), method.toLowerCase(), 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'])
  others.delete(method)
  return [...others].map((other) =>
    field('method', other, `The client signed the method ${other}, and ${method} came.`),
  )
}

export function contentTypeMistakes(contentType: string): Mistake[] {
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

export function authorizationMistakes(authorization: string | undefined): Mistake[] {
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

export function audienceMistakes(audience: string, headers: ReadonlyMap<string, string>): Mistake[] {
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

export function digestMistakes(digest: string): Mistake[] {
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

// Shared by the generators: bytes, MACs, JWS and the layout of the written files. Only node:crypto, nothing of ours.
import { createHash, createHmac } from 'node:crypto'

export const NOW = 1700000000
export const AUDIENCE = 'target'
export const ISSUER = 'https://issuer.test'
export const LEGACY_ISSUER = 'https://legacy.test'
export const WARNING = 'Test keys: published with the source, known to everybody. Never load them into a real service.'

export const sha256Hex = (bytes) => createHash('sha256').update(bytes).digest('hex')
export const macHex = (algorithm, secretHex, bytes) =>
  createHmac(algorithm, Buffer.from(secretHex, 'hex')).update(bytes).digest('hex')

/** A published secret: the digest of a fixed sentence, as long as the algorithm's output. */
export const testSecretHex = (algorithm, name) =>
  createHash(algorithm).update(`countersign test secret: ${name}`).digest('hex')

/** Canonical text of profile `request`. `authorization` and `contentType` are null where the header is absent. */
export function canonicalText(input) {
  const authorization = input.authorization === null ? '' : sha256Hex(Buffer.from(input.authorization, 'latin1'))
  return [
    'countersign-hmac-v1',
    `key-id:${input.keyId}`,
    `timestamp:${input.timestamp}`,
    `nonce:${input.nonce}`,
    `audience:${input.audience}`,
    `method:${input.method}`,
    `target:${input.target}`,
    `content-type:${input.contentType ?? ''}`,
    `authorization-sha256:${authorization}`,
    `content-sha256:${input.contentSha256}`,
    '',
  ].join('\n')
}

/** Every value of one header name, in order. Names compare without case. */
export const headerValues = (headers, name) =>
  headers.filter(([header]) => header.toLowerCase() === name).map(([, value]) => value)

/** JSON text: objects one member a line, arrays on one line where they fit into 120 columns. */
export function format(value, indent = '', column = 0) {
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    const flat = value.every((item) => item === null || typeof item !== 'object' || Array.isArray(item))
    const line = `[${value.map((item) => format(item)).join(', ')}]`
    if (value.length === 0 || (flat && !line.includes('\n') && column + line.length <= 119)) return line
    return `[\n${value.map((item) => deeper + format(item, deeper, deeper.length)).join(',\n')}\n${indent}]`
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  if (members.length === 0) return '{}'
  const lines = members.map(([name, member]) => {
    const start = `${deeper}${JSON.stringify(name)}: `
    return start + format(member, deeper, start.length)
  })
  return `{\n${lines.join(',\n')}\n${indent}}`
}

/** Completes a vector file: counts the tests and refuses a flag without a note or a repeated id. */
export function vectorFile({ description, schema, notes, testGroups, ...rest }) {
  const tests = testGroups.flatMap((group) => group.tests)
  const ids = new Set(tests.map((test) => test.id))
  if (ids.size !== tests.length) throw new Error(`${schema}: an id is used twice`)
  for (const flag of tests.flatMap((test) => test.flags)) {
    if (!(flag in notes)) throw new Error(`${schema}: flag ${flag} has no note`)
  }
  return { description, schema, numberOfTests: tests.length, notes, ...rest, testGroups }
}

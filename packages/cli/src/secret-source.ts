import { isUtf8 } from 'node:buffer'
import type { Command } from 'commander'
import { FailedError, UsageError } from './errors.js'
import { readInput } from './files.js'
import type { Io } from './io.js'

/** Where a secret comes from. */
export interface SecretSource {
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly secretStdin?: boolean
  readonly secretFormat?: string
}

const FORMATS = ['text', 'hex', 'base64', 'base64url'] as const
type Format = (typeof FORMATS)[number]

/** @param what - the secret in words: `the shared secret` */
export function addSecretSource(command: Command, what: string): Command {
  return command
    .option('--secret-env <name>', `${what}, from an environment variable`)
    .option('--secret-file <file>', `${what}, from a file`)
    .option('--secret-stdin', `${what}, from standard input`)
    .option(
      '--secret-format <format>',
      `how the bytes of a shared secret are written: ${FORMATS.join(', ')} (default: text)`,
    )
}

export function hasSecretSource({ secretEnv, secretFile, secretStdin }: SecretSource): boolean {
  return secretEnv !== undefined || secretFile !== undefined || secretStdin === true
}

/** What the source holds, as it stands: a PEM text, a JWK, or a secret in some format. */
export async function readMaterial(source: SecretSource, io: Io): Promise<Buffer> {
  const { secretEnv, secretFile, secretStdin } = source
  const given = [secretEnv, secretFile, secretStdin === true ? '' : undefined].filter((value) => value !== undefined)
  if (given.length !== 1) {
    const problem = given.length === 0 ? 'A secret is needed' : 'The secret is given twice'
    throw new UsageError(problem, 'Give one of --secret-env NAME, --secret-file FILE, --secret-stdin.')
  }
  const bytes =
    secretEnv !== undefined
      ? readEnvironment('--secret-env', secretEnv, io)
      : await readInput(secretFile === undefined ? '--secret-stdin' : '--secret-file', secretFile ?? '-', io)
  if (bytes.byteLength === 0)
    throw new FailedError('The secret is empty', 'Check the variable, the file or what is piped in.')
  return bytes
}

/** @throws {CliError} which names the option, not the variable: the secret itself may stand in its place */
export function readEnvironment(option: string, name: string, io: Io): Buffer {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new UsageError(
      `${option} is no name of an environment variable`,
      `Give the name, not the value: ${option} BILLING_SECRET`,
    )
  }
  const value = io.env[name]
  if (value === undefined || value === '') {
    throw new FailedError(`The environment variable that ${option} names is not set`, 'Export it, or check the name.')
  }
  return Buffer.from(value)
}

/** The bytes of a shared secret. */
export async function readSecret(source: SecretSource, io: Io): Promise<Buffer> {
  const format = FORMATS.find((name) => name === (source.secretFormat ?? 'text'))
  if (format === undefined) throw new UsageError('--secret-format is not known', `Give one of ${FORMATS.join(', ')}.`)
  return decode(await readMaterial(source, io), format)
}

function decode(material: Buffer, format: Format): Buffer {
  if (!isUtf8(material)) {
    if (format === 'text') return material
    throw new FailedError(`The secret is not ${format}`, 'Check --secret-format.')
  }
  // One line end belongs to the file, not to the secret.
  const text = material.toString().replace(/\r?\n$/, '')
  if (format === 'text') return Buffer.from(text)
  const isWellFormed = {
    hex: /^([0-9A-Fa-f]{2})+$/,
    base64: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    base64url: /^[A-Za-z0-9_-]+={0,2}$/,
  }[format].test(text)
  if (!isWellFormed)
    throw new FailedError(`The secret is not ${format}`, 'Check --secret-format, and white space in the secret.')
  return Buffer.from(text, format)
}

import { parseArgs } from 'node:util'
import { FRAMEWORKS, type TargetOptions } from './start.js'

export const USAGE: string = `usage: target <${FRAMEWORKS.join('|')}> --port N [--audit FILE] [--now UNIX_SECONDS] [--jwks URL] [--redis URL]`

/** The command line is wrong: its message says how, in one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} with a message of one line */
export function parseOptions(args: readonly string[]): TargetOptions {
  const { values, positionals } = parse(args)
  const framework = FRAMEWORKS.find((name) => name === positionals[0])
  if (framework === undefined || positionals.length !== 1) {
    throw new UsageError(`one framework is needed: ${FRAMEWORKS.join(', ')}`)
  }
  return {
    framework,
    port: portOf(values.port),
    audit: auditOf(values.audit),
    now: nowOf(values.now),
    jwks: urlOf('--jwks', values.jwks, ['http', 'https']),
    redis: urlOf('--redis', values.redis, ['redis', 'rediss']),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      // A package manager may hand its own separator on.
      args: args.filter((argument) => argument !== '--'),
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        audit: { type: 'string' },
        now: { type: 'string' },
        jwks: { type: 'string' },
        redis: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split('. ', 1)[0] : 'the options cannot be read')
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new UsageError('--port must be a number from 0 to 65535; 0 takes any free port')
  }
  return Number(text)
}

function auditOf(file: string | undefined): string | undefined {
  if (file === '') throw new UsageError('--audit must name a file')
  return file
}

function nowOf(text: string | undefined): number | undefined {
  if (text !== undefined && !/^[1-9][0-9]{9}$/.test(text))
    throw new UsageError('--now must be Unix seconds: ten digits')
  return text === undefined ? undefined : Number(text)
}

function urlOf(option: string, text: string | undefined, schemes: readonly string[]): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !schemes.includes(url.protocol.slice(0, -1))) {
    throw new UsageError(`${option} must be a URL of ${schemes.join(' or ')}`)
  }
  return url
}

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { SigningKeys } from './signers.js'
import type { TourRequest } from './tour.js'

const CLIENT =
  process.env['PYTHON_CLIENT'] ?? fileURLToPath(new URL('../../clients/python/countersign.py', import.meta.url))

export function hasPython(): boolean {
  return spawnSync('python3', ['--version']).status === 0
}

/** Sends a signed request with the command of the Python client and returns the status that it prints. */
export async function sendWithPython(
  { method, path, contentType, body, signature }: TourRequest,
  url: string,
  keys: SigningKeys,
  traceparent: string,
): Promise<number> {
  if (signature === undefined) throw new Error('the Python client signs every request')
  const { keyId, secret, audience, profile } = keys[signature.by]
  const options = [
    ...['--profile', profile, '--method', method, '--header', `traceparent: ${traceparent}`],
    ...['--secret-format', 'hex'],
    ...(profile === 'request' ? ['--key-id', keyId, '--audience', audience] : []),
    ...(contentType === undefined ? [] : ['--header', `content-type: ${contentType}`]),
    ...(body === undefined ? [] : ['--data', body]),
  ]
  const child = spawn('python3', [CLIENT, ...options, url + path], {
    env: { ...process.env, COUNTERSIGN_SECRET: Buffer.from(secret).toString('hex') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const status = /^([0-9]{3}) /.exec(output)?.[1]
  if (status === undefined) throw new Error(`the Python client got no answer: ${complaint.trim()}`)
  return Number(status)
}

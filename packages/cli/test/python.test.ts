import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { desk, headersIn, message } from './kit.js'

const CLIENT = fileURLToPath(new URL('../../../examples/clients/python/countersign.py', import.meta.url))
const BODY = '{"amount":1000}'

function python(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v python3'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

const at = desk()
const interpreter = python()
const SECRET = 'f92700b2dbe5ef339baf4102bf15847a78db8a23572b739bfd735d9b52735a48'

function dryRun(...args: readonly string[]): Record<string, string> {
  const output = execFileSync(
    interpreter ?? '',
    [CLIENT, ...args, '--secret-env', 'S', '--secret-format', 'hex', '--dry-run'],
    { env: { S: SECRET }, encoding: 'utf8' },
  )
  return JSON.parse(output)
}

describe.skipIf(interpreter === undefined)('what the Python client signs, verify allows', () => {
  at.env['SECRET'] = SECRET
  const key = ['--secret-env', 'SECRET', '--secret-format', 'hex']

  it.each(['sha256', 'sha512'])('profile request, %s', async (algorithm) => {
    const secret = algorithm === 'sha512' ? SECRET + SECRET : SECRET
    at.env['SECRET'] = secret
    at.now = Date.now() / 1000
    const output = execFileSync(
      interpreter ?? '',
      [
        CLIENT,
        'http://127.0.0.1:3000/orders?limit=10&q=%C3%B1',
        '--key-id',
        'billing',
        '--audience',
        'orders',
        '--algorithm',
        algorithm,
        '--data',
        BODY,
        '--header',
        'content-type: application/json',
        '--secret-env',
        'S',
        '--secret-format',
        'hex',
        '--dry-run',
      ],
      { env: { S: secret }, encoding: 'utf8' },
    )
    const stdin = message(
      'POST /orders?limit=10&q=%C3%B1 HTTP/1.1',
      { host: '127.0.0.1:3000', 'content-type': 'application/json', ...JSON.parse(output) },
      BODY,
    )
    expect(
      await at.json(['verify', ...key, '--key-id', 'billing', '--algorithm', algorithm, '--audience', 'orders'], {
        stdin,
      }),
    ).toMatchObject({ outcome: 'allow', principal: { id: 'billing' } })
    at.env['SECRET'] = SECRET
  })

  it('profile body-timestamp', async () => {
    at.now = Date.now() / 1000
    const headers = dryRun('http://127.0.0.1:3000/hooks', '--profile', 'body-timestamp', '--data', BODY)
    const stdin = message('POST /hooks HTTP/1.1', { host: 'x', ...headers }, BODY)
    expect(await at.json(['verify', ...key, '--profile', 'body-timestamp'], { stdin })).toMatchObject({
      outcome: 'allow',
    })
  })

  it('and names the mistake of one who sent another query', async () => {
    at.now = Date.now() / 1000
    const headers = dryRun('http://127.0.0.1:3000/orders', '--key-id', 'billing', '--audience', 'orders')
    const stdin = message('GET /orders?page=2 HTTP/1.1', { host: 'x', ...headers })
    expect(await at.json(['verify', ...key, '--key-id', 'billing', '--audience', 'orders'], { stdin })).toMatchObject({
      reason: 'signature_invalid',
      hints: ['The client signed the path without its query.'],
    })
  })

  it('as sign itself does: the headers have the same names', async () => {
    const headers = dryRun('http://127.0.0.1:3000/', '--key-id', 'billing', '--audience', 'orders')
    const own = headersIn(
      await at.ok(['sign', 'http://127.0.0.1:3000/', ...key, '--key-id', 'billing', '--audience', 'orders']),
    )
    expect(Object.keys(own)).toEqual(Object.keys(headers))
  })
})

it.runIf(interpreter === undefined)('Python 3 is not here: its client was not tested against verify', () => {
  expect(interpreter).toBeUndefined()
})

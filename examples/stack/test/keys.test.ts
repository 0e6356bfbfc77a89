import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseKeyFile } from '@countersign/core/key-file'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEY_OWNERS, makeStackKeys } from '../src/keys.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keys-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const read = (name: string): string => readFileSync(join(directory, name), 'utf8')

/** The secrets in a key file by the ids of their keys, in hexadecimal. */
const secretsIn = (name: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const { id, secret } of parseKeyFile(read(name)).keys ?? []) {
    if ('base64url' in secret) found[id] = Buffer.from(secret.base64url, 'base64url').toString('hex')
  }
  return found
}

describe('the keys of the stack', () => {
  it('give each owner what it needs and nothing else, readable by its user only', async () => {
    expect(await makeStackKeys(directory)).toBe(true)
    const found = KEY_OWNERS.map((owner) => readdirSync(join(directory, owner)).filter((name) => name !== 'complete'))
    expect(found.map((names) => names.sort())).toEqual([
      ['gateway-secret.hex', 'inventory-secret.hex', 'token-key.pem', 'token-keys.json', 'users-key', 'users.json'],
      ['callers.json', 'orders-secret.hex'],
      ['callers.json'],
      ['reporting-secret.hex', 'users.json', 'warehouse-secret.hex'],
    ])
    expect(statSync(join(directory, 'orders/callers.json')).mode & 0o077).toBe(0)
    expect(statSync(join(directory, 'clients/users.json')).mode & 0o077).toBe(0)
    expect(statSync(join(directory, 'clients/reporting-secret.hex')).mode & 0o077).toBe(0)
  })

  it('let the called service check what the calling one signs', async () => {
    await makeStackKeys(directory)
    expect(secretsIn('orders/callers.json')).toEqual({
      'gateway-1': read('gateway/gateway-secret.hex').trim(),
      'reporting-1': read('clients/reporting-secret.hex').trim(),
    })
    expect(secretsIn('inventory/callers.json')).toEqual({
      'gateway-1': read('gateway/inventory-secret.hex').trim(),
      'orders-1': read('orders/orders-secret.hex').trim(),
      'warehouse-1': read('clients/warehouse-secret.hex').trim(),
    })
  })

  it('stay where all are there', async () => {
    await makeStackKeys(directory)
    const first = read('orders/callers.json')
    expect(await makeStackKeys(directory)).toBe(false)
    expect(read('orders/callers.json')).toBe(first)
  })

  it('are all made anew where the last attempt did not come to its end', async () => {
    await makeStackKeys(directory)
    const first = secretsIn('orders/callers.json')
    rmSync(join(directory, 'clients/complete'))
    expect(await makeStackKeys(directory)).toBe(true)
    expect(secretsIn('orders/callers.json')['gateway-1']).toBe(read('gateway/gateway-secret.hex').trim())
    expect(secretsIn('orders/callers.json')['gateway-1']).not.toBe(first['gateway-1'])
  })
})

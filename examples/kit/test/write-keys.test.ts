import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../dist/write-keys.js', import.meta.url))

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keys-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const write = (): string => execFileSync(process.execPath, [SCRIPT, directory], { encoding: 'utf8' })
const read = (name: string): string => readFileSync(join(directory, name), 'utf8')

describe('write-keys', () => {
  it('gives each service what it needs and nothing else, readable by its user only', () => {
    write()
    const found = ['gateway', 'orders', 'inventory'].map((service) => readdirSync(join(directory, service)).sort())
    expect(found).toEqual([
      ['gateway-secret', 'key-encryption-key', 'users-key'],
      ['gateway-secret', 'orders-secret', 'reporting-secret'],
      ['gateway-secret', 'orders-secret', 'warehouse-secret'],
    ])
    expect(read('gateway/gateway-secret')).toBe(read('orders/gateway-secret'))
    expect(read('orders/orders-secret')).toBe(read('inventory/orders-secret'))
    expect(statSync(join(directory, 'gateway/users-key')).mode & 0o077).toBe(0)
  })

  it('keeps keys that are there, and makes all anew where one is missing', () => {
    write()
    const first = read('orders/orders-secret')
    expect(write()).toContain('kept')
    expect(read('orders/orders-secret')).toBe(first)
    rmSync(join(directory, 'inventory/warehouse-secret'))
    expect(write()).toContain('wrote')
    expect(read('orders/orders-secret')).not.toBe(first)
    expect(read('orders/orders-secret')).toBe(read('inventory/orders-secret'))
  })
})

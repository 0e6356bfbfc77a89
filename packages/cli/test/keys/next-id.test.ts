import { expect, it } from 'vitest'
import { nextId } from '../../src/keys/next-id.js'

const DECEMBER = Date.parse('2026-12-01T12:00:00Z') / 1000
const next = (id: string, ...taken: readonly string[]) =>
  nextId(id, DECEMBER, (candidate) => [id, ...taken].includes(candidate))

it.each([
  ['billing-2026-11', 'billing-2026-12'],
  ['billing-2026-11-22', 'billing-2026-12-01'],
  ['billing-2026-12', 'billing-2026-12.2'],
  ['billing-2026-12.2', 'billing-2026-12.3'],
  ['billing-1', 'billing-2'],
  ['billing.9', 'billing.10'],
  ['billing', 'billing-2'],
  ['7', '7-2'],
])('%s is followed by %s', (id, successor) => {
  expect(next(id)).toBe(successor)
})

it('never takes a name that is taken', () => {
  expect(next('billing-2026-11', 'billing-2026-12')).toBe('billing-2026-11.2')
  expect(next('billing-1', 'billing-2', 'billing-3')).toBe('billing-4')
  expect(next('billing', 'billing-2')).toBe('billing-3')
})

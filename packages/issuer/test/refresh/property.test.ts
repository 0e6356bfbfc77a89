import { expect, it } from 'vitest'
import { memoryRefreshStore } from '../../src/index.js'
import { checkRefreshHistories } from './property.js'

const open = async () => ({ store: memoryRefreshStore(), subject: 'alice' })

it('whatever happens in whatever order: one live token, reuse found out, nothing beyond its time', {
  timeout: 60_000,
}, async () => {
  await checkRefreshHistories(open, 250)
})

it('the histories are long enough to find a store that lets one old token pass', { timeout: 60_000 }, async () => {
  const lenient = async () => {
    const { store, subject } = await open()
    const use: typeof store.use = (asked) => {
      const outcome = store.use(asked)
      return outcome.outcome === 'reused' ? { outcome: 'used', idleExpiresAt: asked.now } : outcome
    }
    return {
      store: new Proxy(store, { get: (of, name) => (name === 'use' ? use : Reflect.get(of, name).bind(of)) }),
      subject,
    }
  }
  await expect(checkRefreshHistories(lenient, 500)).rejects.toThrow('Property failed')
})

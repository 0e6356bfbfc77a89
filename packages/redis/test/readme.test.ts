import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, knownOptions, optionsOf } from '../../../.config/readme/blocks.js'
import { Scratch } from '../../../.config/readme/scratch.js'
import { FOUND_PROGRAMS } from '../../conformance/src/redis/server.js'
import { redisConnection, redisReplayStore } from '../src/index.js'
import { aServer } from './kit.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

const scratch = new Scratch(new URL('..', import.meta.url))
let complaints: string

beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
})

afterAll(() => scratch.remove())

describe('the README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('lists the options', () => {
    const client = { isReady: true, sendCommand: async () => 'OK' }
    const misspelt: object = { misspelt: true }
    expect(optionsOf(README, '`redisConnection`:')).toEqual(
      knownOptions(() => redisConnection({ client, ...misspelt })),
    )
    expect(optionsOf(README, '`redisReplayStore`, after the connection:')).toEqual(
      knownOptions(() => redisReplayStore(redisConnection({ client }), misspelt)),
    )
  })

  it.skipIf(FOUND_PROGRAMS.length === 0)('has code that revokes (SKIPPED where there is no redis-server)', async () => {
    const server = await aServer()
    expect(await scratch.run('2.js', { REDIS_URL: `redis://127.0.0.1:${server.port}` })).toBe('')
    expect(await server.command('KEYS', '*')).toEqual(['countersign:{revocation}:sub any alice'])
  })

  it('has a quick start that does not run without its secret', async () => {
    expect(await scratch.run('1.js', {})).toContain('secret is empty')
  })
})

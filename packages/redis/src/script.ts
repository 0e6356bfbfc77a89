import { createHash } from 'node:crypto'
import type { RedisDriver } from './client.js'
import { failureOf } from './failure.js'

/** A Lua script that Redis runs in one piece. Every key that it uses is one of its `KEYS`, and all are in one slot. */
export interface RedisScript {
  readonly text: string
  readonly sha1: string
}

export function redisScript(text: string): RedisScript {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}

/** Runs a script by its digest, or by its text where the node does not have it (yet, or any more). */
export async function runScript(
  driver: RedisDriver,
  { text, sha1 }: RedisScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await driver.send(keys[0], ['EVALSHA', sha1, ...rest])
  } catch (error) {
    if (failureOf(error) !== 'noscript') throw error
    return driver.send(keys[0], ['EVAL', text, ...rest])
  }
}

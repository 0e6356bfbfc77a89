import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyFileLockedError, lockKeyFile } from '../../src/key-file/lock.js'

let folder: string
let path: string
let lock: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-lock-'))
  path = join(folder, 'keys.json')
  lock = `${path}.lock`
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const SOON = { waitSeconds: 0.1, staleSeconds: 60 }
const gonePid = () => spawnSync(process.execPath, ['--version']).pid

describe('the lock of a key file', () => {
  it('is had by one of many at a time', async () => {
    let holders = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const unlock = await lockKeyFile(path, { waitSeconds: 10, staleSeconds: 60 })
        most = Math.max(most, ++holders)
        await new Promise((resolve) => setImmediate(resolve))
        holders--
        await unlock()
      }),
    )
    expect([most, readdirSync(folder)]).toEqual([1, []])
  })

  it('is waited for no longer than was said', async () => {
    const unlock = await lockKeyFile(path, SOON)
    await expect(lockKeyFile(path, SOON)).rejects.toThrow(KeyFileLockedError)
    await unlock()
    await (await lockKeyFile(path, SOON))()
  })

  it('is taken over from a process that is gone, unless somebody shall look', async () => {
    writeFileSync(lock, `${gonePid()} ${hostname()}\n`)
    await expect(lockKeyFile(path, { ...SOON, staleSeconds: null })).rejects.toThrow(KeyFileLockedError)
    await (await lockKeyFile(path, SOON))()
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['a second too young', 59, false],
    ['old enough', 61, true],
  ])('of another machine is taken over by its age: %s', async (_, ageSeconds, isTaken) => {
    writeFileSync(lock, `1 elsewhere\n`)
    const then = Date.now() / 1000 - ageSeconds
    utimesSync(lock, then, then)
    const locking = lockKeyFile(path, { ...SOON, waitSeconds: 0.3 })
    if (isTaken) await (await locking)()
    else await expect(locking).rejects.toThrow(KeyFileLockedError)
    expect(existsSync(lock)).toBe(!isTaken)
  })

  it('is taken over by one of many', async () => {
    writeFileSync(lock, `${gonePid()} ${hostname()}\n`)
    let holders = 0
    const work = async () => {
      const unlock = await lockKeyFile(path, { waitSeconds: 10, staleSeconds: 60 })
      expect(++holders).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      holders--
      await unlock()
    }
    await Promise.all(Array.from({ length: 10 }, work))
  })

  it('is not taken from the next by one who was too slow', async () => {
    const slow = await lockKeyFile(path, SOON)
    rmSync(lock)
    const next = await lockKeyFile(path, SOON)
    const before = statSync(lock).ino
    await slow()
    expect(statSync(lock).ino).toBe(before)
    await next()
  })
})

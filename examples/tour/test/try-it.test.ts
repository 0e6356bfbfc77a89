import { execFileSync, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startServices } from '../src/services.js'
import { tryIt } from '../src/try-it.js'

const has = (command: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('the lines that the demo prints to try', () => {
  it.skipIf(!has('curl') || !has('openssl'))('work as printed, in a plain shell', async () => {
    const services = await startServices()
    try {
      const child = spawn('sh', ['-s'], { stdio: ['pipe', 'pipe', 'ignore'] })
      child.stdin.end(tryIt(services))
      const answers = (await text(child.stdout)).match(/HTTP\/1\.1 [0-9]{3}/g)
      expect(answers?.map((line) => Number(line.slice(-3)))).toEqual([401, 200, 200, 201, 403, 200])
    } finally {
      await services.close()
    }
  })

  it('fit 100 columns', async () => {
    const services = await startServices()
    await services.close()
    expect(
      tryIt(services)
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([])
  })
})

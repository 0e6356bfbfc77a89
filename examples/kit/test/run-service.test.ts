import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const KIT = fileURLToPath(new URL('../dist/index.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly complaint: string
}

/** Runs a service as a process; sends it these signals once it has started. What it logs is answered as texts. */
async function run(service: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const source = `
    import { runService } from '${KIT}'
    setInterval(() => {}, 1000)
    await runService('stock', async (log) => (${service}), { leaveSeconds: 0.05, deadlineSeconds: 0.5 })
    process.stderr.write('started\\n')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.once('data', () => {
    for (const signal of signals) child.kill(signal)
  })
  const ended = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const [output, complaint, how] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const lines = output.split('\n').filter((line) => line !== '')
  return { ...how, lines: lines.map((line) => JSON.parse(line).msg), complaint: complaint.replace('started\n', '') }
}

describe('runService', () => {
  it('lets a service leave, closes it, writes the last lines of its log and ends with 0', async () => {
    const service = `{
      url: '',
      leave: () => log.info('leaves'),
      close: async () => { for (let line = 0; line < 1000; line++) log.info('closed') },
    }`
    const { code, lines, complaint } = await run(service, ['SIGTERM'])
    expect(lines).toEqual(['leaves', ...Array.from({ length: 1000 }, () => 'closed')])
    expect(complaint).toBe('')
    expect(code).toBe(0)
  })

  it('ends with 1 at the deadline where closing hangs, and says so', async () => {
    const service = `{ url: '', leave: () => log.info('leaves'), close: () => new Promise(() => {}) }`
    const { code, lines, complaint } = await run(service, ['SIGINT'])
    expect(lines).toEqual(['leaves'])
    expect(complaint).toBe('stock: not closed within 0.5 s\n')
    expect(code).toBe(1)
  })

  it('ends with 1 where closing fails, and says why', async () => {
    const service = `{ url: '', leave() {}, close: async () => { throw new Error('Not closed: hmac') } }`
    const { code, complaint } = await run(service, ['SIGTERM'])
    expect(complaint).toBe('stock: Not closed: hmac\n')
    expect(code).toBe(1)
  })

  it('writes the last lines of its log when an error is caught by nobody', async () => {
    const service = `{
      url: setTimeout(() => { log.info('last'); throw new Error('nobody caught this') }, 10) && '',
      leave() {}, close: async () => {},
    }`
    const { code, lines, complaint } = await run(service, [])
    expect(lines).toEqual(['last'])
    expect(complaint).toContain('nobody caught this')
    expect(code).toBe(1)
  })
})

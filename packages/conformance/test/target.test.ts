import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { mint, NOW } from '../src/foreign/mint.js'
import { asService, asUser } from '../src/requests.js'
import { exchange } from '../src/subject/wire.js'

const MAIN = fileURLToPath(new URL('../dist/target/main.js', import.meta.url))
const FRAMEWORKS = ['fastify', 'express', 'express4'] as const

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

class Command {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly #spoke: Promise<void>
  #stdout = ''
  #stderr = ''

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stderr?.on('data', (chunk) => (this.#stderr += chunk))
    this.child.stdout?.on('data', (chunk) => (this.#stdout += chunk))
    this.#spoke = new Promise((resolve) => this.child.stdout?.once('data', () => resolve()))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** All of standard output, once there is some. */
  async ready(): Promise<string> {
    await Promise.race([this.#spoke, this.ended])
    return this.#stdout
  }

  async port(): Promise<number> {
    return Number(/:(\d+)\n$/.exec(await this.ready())?.[1])
  }
}

const directory = { path: '' }
beforeAll(async () => {
  directory.path = await mkdtemp(join(tmpdir(), 'countersign-target-'))
  return () => rm(directory.path, { recursive: true })
})

describe.each(FRAMEWORKS)('target %s', (framework) => {
  it('says in one line where it listens, on a free port where 0 is asked for', async () => {
    const command = new Command([framework, '--port', '0'])
    expect(await command.ready()).toMatch(
      new RegExp(`^target ${framework} listening on http://127\\.0\\.0\\.1:[1-9][0-9]*\n$`),
    )
    expect(await exchange(await command.port(), { target: '/public' })).toMatch(/^HTTP\/1.1 200 /)
  })

  it('stands still at the time of --now', async () => {
    const command = new Command([framework, '--port', '0', '--now', String(NOW)])
    const port = await command.port()
    expect(await exchange(port, asUser('/echo', { exp: NOW + 1 }))).toMatch(/^HTTP\/1.1 200 /)
    expect(await exchange(port, asUser('/echo', { exp: NOW - 30 }))).toMatch(/^HTTP\/1.1 401 /)
  })

  it('goes by the clock without --now', async () => {
    const command = new Command([framework, '--port', '0'])
    const port = await command.port()
    expect(await exchange(port, asUser('/echo'))).toContain('token_expired')
    const exp = Math.floor(Date.now() / 1000) + 60
    expect(await exchange(port, asUser('/echo', { exp }))).toMatch(/^HTTP\/1.1 200 /)
  })

  it('has written the record of an attempt to the file of --audit before it answers', async () => {
    const file = join(directory.path, `${framework}.log`)
    const command = new Command([framework, '--port', '0', '--now', String(NOW), '--audit', file])
    const port = await command.port()
    const requests = [{ target: '/echo' }, asUser('/echo'), asService(), { target: '/unknown' }, asUser('/unknown')]
    const outcomes: string[] = []
    for (const request of requests) {
      await exchange(port, request)
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
      outcomes.push(JSON.parse(lines.at(-1) ?? '').outcome)
      expect(lines).toHaveLength(outcomes.length)
    }
    expect(outcomes).toEqual(['deny', 'allow', 'allow', 'deny', 'allow'])
    expect(await command.ready()).toMatch(/^target [^\n]*\n$/)
  })

  it('counts attempts at /metrics and tells its state at /health', async () => {
    const command = new Command([framework, '--port', '0', '--now', String(NOW)])
    const port = await command.port()
    await exchange(port, { target: '/echo' })
    await exchange(port, { target: '/echo', headers: [['authorization', `Bearer ${mint()}`]] })
    const metrics = await exchange(port, { target: '/metrics' })
    expect(metrics).toContain('countersign_attempts_total{outcome="allow",reason=""} 1\n')
    expect(metrics).toContain('countersign_attempts_total{outcome="deny",reason="missing_credentials"} 1\n')
    expect(await exchange(port, { target: '/health' })).toMatch(/^HTTP\/1.1 200 [\s\S]*"ready":true/)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 at %s', async (signal) => {
    const command = new Command([framework, '--port', '0'])
    await command.ready()
    command.child.kill(signal)
    expect((await command.ended).code).toBe(0)
  })
})

describe('target', () => {
  it.each([
    ['no framework', ['--port', '0']],
    ['an unknown framework', ['koa', '--port', '0']],
    ['two frameworks', ['fastify', 'express', '--port', '0']],
    ['no port', ['fastify']],
    ['a port that is none', ['fastify', '--port', '65536']],
    ['a port without a value', ['fastify', '--port']],
    ['a time that is none', ['fastify', '--port', '0', '--now', 'tomorrow']],
    ['a JWKS that is no URL', ['fastify', '--port', '0', '--jwks', '/jwks.json']],
    ['a Redis that is no URL', ['fastify', '--port', '0', '--redis', 'localhost:6379']],
    ['an unknown option', ['fastify', '--port', '0', '--verbose']],
  ])('ends with 2 and tells its usage where there is %s', async (_what, args) => {
    const { code, stdout, stderr } = await new Command(args).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^target: [^\n]+\nusage: target <fastify\|express\|express4> --port N [^\n]+\n$/)
  })

  it('ends with 1 and says why where the port is taken', async () => {
    const port = await new Command(['fastify', '--port', '0']).port()
    const { code, stdout, stderr } = await new Command(['express', '--port', String(port)]).ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('EADDRINUSE')
  })
})

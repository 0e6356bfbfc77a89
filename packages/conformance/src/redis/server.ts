import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/*
 * Real servers on loopback, for tests and measurements: nothing is written to disk but what they need to run, and every one is ended by its pid, at
 * the latest with this process.
 */

export const PROGRAMS = ['redis-server', 'valkey-server'] as const
export type Program = (typeof PROGRAMS)[number]

/** Those that are on this machine. */
export const FOUND_PROGRAMS: readonly Program[] = PROGRAMS.filter((program) => {
  return spawnSync(program, ['--version']).status === 0
})

export interface RedisServer {
  readonly port: number
  readonly pid: number
  /** Runs a command and answers what it is answered. Rejects with an error reply. */
  command(name: string, ...args: string[]): Promise<unknown>
  /** Holds it as it is, connections and all: `SIGSTOP`. */
  pause(): void
  resume(): void
  /** Ends it at once, without saving anything. Resolves when it has ended. */
  stop(): Promise<void>
}

export interface RedisServerOptions {
  readonly program?: Program
  /** Default: a free one. */
  readonly port?: number
  /** More lines of its configuration: `maxmemory 2mb`. */
  readonly lines?: readonly string[]
  /** As a sentinel: no data. */
  readonly isSentinel?: boolean
}

const START_MILLISECONDS = 10_000

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const {
    program = FOUND_PROGRAMS[0] ?? 'redis-server',
    port = await freePort(),
    lines = [],
    isSentinel = false,
  } = options
  const folder = mkdtempSync(join(tmpdir(), 'countersign-redis-'))
  const data = isSentinel ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync yes', 'repl-diskless-sync-delay 0']
  const own = [`port ${port}`, 'bind 127.0.0.1', 'protected-mode no', `dir ${folder}`]
  writeFileSync(join(folder, 'redis.conf'), `${[...own, ...data, ...lines].join('\n')}\n`)
  const args = [join(folder, 'redis.conf'), ...(isSentinel ? ['--sentinel'] : [])]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = stopper(child, folder)
  await started(child, isSentinel ? /Sentinel ID is/ : /Ready to accept connections/)
  return {
    port,
    pid: child.pid ?? 0,
    command: (name, ...more) => runCommand(port, name, more),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop,
  }
}

function stopper(child: ChildProcess, folder: string): () => Promise<void> {
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return async () => {
    process.off('exit', kill)
    kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

function started(child: ChildProcess, sign: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = () => reject(new Error(`${child.spawnfile} did not start:\n${output}`))
    const timer = setTimeout(fail, START_MILLISECONDS)
    child.once('close', fail)
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (!sign.test(output)) return
      clearTimeout(timer)
      output = ''
      resolve()
    })
  })
}

async function runCommand(port: number, name: string, args: readonly string[]): Promise<unknown> {
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: null, enableReadyCheck: false })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(name, ...args)
  } finally {
    client.disconnect()
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0

export interface RedisServer {
  /** Holds it as it is, connections and all. */
  pause(): void
  stop(): Promise<void>
}

/**
 * Starts redis-server on loopback, nothing written to disk.
 *
 * @throws {Error} (rejects) it ends instead
 */
export async function startRedis(port: number): Promise<RedisServer> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' })
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('Ready to accept')) break
  if (child.exitCode !== null) throw new Error('redis-server does not start')
  return {
    pause: () => void child.kill('SIGSTOP'),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

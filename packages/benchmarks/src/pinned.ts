import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Whether processes can be kept to one core: by `taskset`, where there is more than one. */
export const canPin: boolean = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** Starts a module of this package in a process of its own, kept to one core where that can be, with a channel for messages. */
export function startPinned(core: number, module: string, args: readonly string[] = []): ChildProcess {
  const script = fileURLToPath(new URL(module, import.meta.url))
  const command = [process.execPath, script, ...args]
  const pinned = canPin ? ['taskset', '-c', String(core), ...command] : command
  return spawn(pinned[0] as string, pinned.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
}

/**
 * The next message of a process.
 *
 * @throws {Error} (rejects) the process ended first, or said nothing for `seconds`
 */
export function nextMessage<T>(child: ChildProcess, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = () => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = (message: unknown) => {
      release()
      // The other end is a module of this package.
      resolve(message as T)
    }
    const onExit = (code: number | null) => {
      release()
      reject(new Error(`a measured process ended with ${code}`))
    }
    const timer = setTimeout(() => {
      release()
      reject(new Error(`a measured process said nothing for ${seconds} s`))
    }, seconds * 1000)
    child.on('message', onMessage).on('exit', onExit)
  })
}

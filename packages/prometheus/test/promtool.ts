import { spawnSync } from 'node:child_process'

/** Whether a program can be run here. Where it cannot, says so: what needs it is skipped. */
export function isInstalled(program: string): boolean {
  const isThere = spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
  if (!isThere) console.warn(`SKIPPED: ${program} is not installed here, and what needs it is not tested`)
  return isThere
}

/** Runs promtool. Returns its exit code and all that it said. */
export function promtool(
  arguments_: readonly string[],
  input = '',
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', arguments_, { input, encoding: 'utf8' })
  return { code: status, said: stdout + stderr }
}

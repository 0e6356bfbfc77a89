import { run } from './command.js'

/** A Docker engine that answers, and the command that speaks compose with it. */
export interface Engine {
  readonly compose: readonly string[]
  readonly version: string
}

/** Finds `docker compose` or `docker-compose`; else says what is missing. */
export async function findEngine(): Promise<Engine | { readonly missing: string }> {
  const info = await run(['docker', 'info', '--format', '{{.ServerVersion}}'], { seconds: 20 })
  if (info.code !== 0) return { missing: 'no Docker engine answers (docker info)' }
  for (const compose of [['docker', 'compose'], ['docker-compose']]) {
    const { code, stdout } = await run([...compose, 'version', '--short'], { seconds: 20 })
    if (code === 0) return { compose, version: `engine ${info.stdout.trim()}, ${compose.join(' ')} ${stdout.trim()}` }
  }
  return { missing: 'neither docker compose nor docker-compose can be run' }
}

/** Fetches the base images that are not there; returns those that cannot be had. */
export async function missingImages(names: readonly string[]): Promise<readonly string[]> {
  const had = await Promise.all(names.map(async (name) => ({ name, isHad: await isHad(name) })))
  return had.filter(({ isHad }) => !isHad).map(({ name }) => name)
}

async function isHad(name: string): Promise<boolean> {
  const { code } = await run(['docker', 'image', 'inspect', name], { seconds: 20 })
  return code === 0 || (await run(['docker', 'pull', '--quiet', name], { seconds: 120 })).code === 0
}

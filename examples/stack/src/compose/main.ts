import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { baseImages } from './base-images.js'
import { Checks } from './checks.js'
import { findEngine, missingImages } from './engine.js'
import { playScenario } from './scenario.js'
import { Stack } from './stack.js'

/*
 * `node main.js [--require]`: builds and starts the stack of docker-compose.yml, does to it what may happen, and takes it away again. Exit
 * code 0 where every check holds, 1 where one does not. Where there is no engine or no base image it says that it was not run: 0, or 1
 * with --require. `--base-images` only names those images.
 */

const DIRECTORY = fileURLToPath(new URL('../../../..', import.meta.url))
/** The build has most of it: it fetches packages. */
const LIMIT_SECONDS = 900

const read = (name: string): string => readFileSync(join(DIRECTORY, name), 'utf8')
const print = (line: string): void => console.log(line)
const options = readOptions()
const images = baseImages(read('docker-compose.yml'), read('examples/Dockerfile'))
if (options['base-images']) images.forEach(print)
else process.exitCode = await testCompose()

async function testCompose(): Promise<number> {
  const engine = await findEngine()
  if ('missing' in engine) return notRun(engine.missing)
  const missing = await missingImages(images)
  if (missing.length > 0) return notRun(`these images are not here and cannot be fetched: ${missing.join(', ')}`)

  print(`with ${engine.version}`)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  process.once('SIGTERM', () => interrupted.abort())
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(LIMIT_SECONDS * 1000)])
  const stack = new Stack({ engine, directory: DIRECTORY, project: `countersign-test-${process.pid}`, signal })
  const checks = new Checks(print)
  try {
    const started = performance.now()
    await stack.must(['build'], 600)
    checks.tell(`the images are built, in ${Math.round((performance.now() - started) / 1000)} s`)
    await playScenario(stack, checks)
  } catch (error) {
    checks.tell('the scenario comes to its end', error instanceof Error ? error.message : String(error))
  } finally {
    const { code, stderr } = await stack.remove()
    checks.tell('everything is taken away: containers, networks, volumes', code === 0 ? undefined : stderr)
  }
  print(`\n${checks.summary}, in ${Math.round(performance.now() / 1000)} s`)
  return checks.hasFailed ? 1 : 0
}

function notRun(why: string): number {
  print(`NOT RUN: the stack of docker-compose.yml was not tested: ${why}`)
  return options.require ? 1 : 0
}

function readOptions(): { readonly require: boolean; readonly 'base-images': boolean } {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({ options: { require: flag, 'base-images': flag } }).values
  } catch {
    console.error('usage: test:compose [--require | --base-images]')
    process.exit(2)
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeStackKeys } from './keys.js'

/*
 * `node make-keys.js [--stay] DIRECTORY`: makes the keys of the stack, once. With --stay it then waits for SIGTERM: `docker compose up
 * --exit-code-from` stops everything when a container ends, and keys are rotated from here.
 */

const { directory, stay } = readArguments()
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
process.once('SIGINT', () => stop.abort())

try {
  const made = await makeStackKeys(directory)
  console.log(made ? `keys: made new ones in ${directory}` : `keys: kept those in ${directory}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
while (stay && !stop.signal.aborted) await delay(3_600_000, undefined, { signal: stop.signal }).catch(() => {})

function readArguments(): { readonly directory: string; readonly stay: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { stay: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const [directory] = positionals
    if (directory !== undefined && positionals.length === 1) return { directory, stay: values.stay }
  } catch {
    // Told below.
  }
  console.error('usage: node make-keys.js [--stay] DIRECTORY')
  process.exit(2)
}

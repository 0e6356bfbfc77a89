import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { run } from './command.js'
import { findEngine } from './engine.js'
import { LASTING } from './scenario.js'
import { Stack } from './stack.js'
import { sendTraffic } from './traffic.js'

/*
 * `node picture.js --output dashboard.png [--minutes 4]`: starts the stack of docker-compose.yml, sends good and bad requests to it for so
 * long, has the dashboard's picture taken, and takes the stack away again. Needs what ../../../monitoring was built to.
 */

const DIRECTORY = fileURLToPath(new URL('../../../..', import.meta.url))
const DRAW = `${DIRECTORY}/examples/monitoring/dist/picture.js`

const { output = 'dashboard.png', minutes = '4' } = parseArgs({
  options: { output: { type: 'string' }, minutes: { type: 'string' } },
}).values
if (!(Number(minutes) >= 2))
  throw new Error('usage: node picture.js --output dashboard.png [--minutes 4]; 2 minutes at least')
const engine = await findEngine()
if ('missing' in engine) throw new Error(engine.missing)

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())
const project = `countersign-picture-${process.pid}`
const stack = new Stack({ engine, directory: DIRECTORY, project, signal: interrupted.signal })
const print = (line: string): void => console.log(new Date().toISOString().slice(11, 19), line)
try {
  await stack.must(['build', 'keys'], 600)
  await stack.must(['up', '--detach', ...LASTING], 180)
  await stack.waitHealthy(LASTING, 60)
  print('all are healthy')
  const started = performance.now()
  await sendTraffic(stack, Number(minutes), print)
  const prometheus = await stack.url('prometheus', 9090)
  const draw = [process.execPath, DRAW, '--prometheus', prometheus, '--output', output]
  const taken = ((performance.now() - started) / 60_000).toFixed(1)
  const { code, stdout, stderr } = await run([...draw, '--minutes', taken, '--rate', '20s'], { seconds: 90 })
  print(stdout.trim() + stderr.trim())
  process.exitCode = code ?? 1
} finally {
  await stack.remove()
}

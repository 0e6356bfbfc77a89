import { parseArgs } from 'node:util'
import { runDemo } from './run-demo.js'

/*
 * `node demo.js [--once]`: starts the services, walks the tour, prints the table. Exit code 0 where every row is as expected, 1 where
 * one is not, 2 for wrong usage.
 */

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

process.exitCode = await runDemo({
  once: readOnce(),
  print: (line) => console.log(line),
  colour: process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
  signal: stop.signal,
})

function readOnce(): boolean {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once
  } catch {
    console.error('usage: demo [--once]')
    process.exit(2)
  }
}

#!/usr/bin/env node
import { processIo } from './io.js'
import { run } from './run.js'

// A reader that has seen enough (`countersign keys list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})
// Warnings of core, without Node's process id and advice.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name === 'CountersignWarning') process.stderr.write(`countersign: warning: ${message}\n`)
})
process.exitCode = await run(process.argv.slice(2), processIo())

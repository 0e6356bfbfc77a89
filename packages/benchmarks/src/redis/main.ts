import { parseArgs } from 'node:util'
import { FOUND_PROGRAMS } from '@countersign/conformance/redis'
import { measureFaults } from './faults.js'
import { runRace } from './race.js'

const USAGE = 'usage: pnpm bench:redis <race [--rounds N] [--processes N] | faults [--seconds N]>'

/*
 * What the stores over Redis do where it matters: a race of many processes for one nonce, and faults under load. Starts its own servers. Ends with 1
 * where a request was accepted that should not have been.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
  },
})
const [part] = positionals
if (FOUND_PROGRAMS.length === 0) throw new Error('there is no redis-server on this machine')
const print = (text: string): void => console.log(text)
print(`Node ${process.version}, ${FOUND_PROGRAMS[0]}, ${new Date().toISOString().slice(0, 10)}.\n`)
const isGood =
  part === 'race'
    ? await runRace(Number(values.rounds), Number(values.processes), print)
    : part === 'faults'
      ? await measureFaults(Number(values.seconds), print)
      : usage()
process.exitCode = isGood ? 0 : 1

function usage(): false {
  console.error(USAGE)
  return false
}

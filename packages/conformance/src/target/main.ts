import { parseOptions, USAGE, UsageError } from './options.js'
import { runTarget } from './start.js'

/*
 * The reference target as a command. Standard output carries the ready line and nothing else; audit records go to the file of `--audit`,
 * and nowhere without it. Ends with 2 where the command line is wrong, 1 where it cannot start, 0 when told to end.
 */
try {
  const options = parseOptions(process.argv.slice(2))
  const target = await runTarget(options)
  const end = () => {
    target.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGTERM', end).once('SIGINT', end)
  process.stdout.write(`target ${options.framework} listening on ${target.url}\n`)
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`target: ${error instanceof Error ? error.message : 'cannot start'}\n`)
  if (isUsage) process.stderr.write(`${USAGE}\n`)
  process.exitCode = isUsage ? 2 : 1
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Runs before a service: SIGUSR2 collects garbage and writes on stderr how much of the heap is in use, in bytes.
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

process.on('SIGUSR2', () => {
  collect()
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`)
})

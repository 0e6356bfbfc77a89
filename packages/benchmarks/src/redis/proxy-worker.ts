import { parentPort, workerData } from 'node:worker_threads'
import { startProxy } from '@countersign/conformance/redis'

// A proxy with an event loop of its own: what is measured does not hold it up. The parent sends how long answers are to be held back.
const proxy = await startProxy(Number(workerData))
parentPort?.on('message', (milliseconds: number) => {
  proxy.delayMilliseconds = milliseconds
})
parentPort?.postMessage(proxy.port)

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '@countersign/client'
import type { FaultBench } from './bench.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName, type ServiceProcess } from './service.js'

const BODY = '{"item":"tea","quantity":1}'
const AT_ONCE = 50
const SAMPLE = 50
/** A request that is held on to is some kilobytes; machine code that is made meanwhile is counted too. */
const MOST_BYTES_EACH = 300

/** R25: clients that hang up in the middle of the body of a signed request. */
export function aborts({ settings, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  const imports = [new URL('heap-on-signal.js', import.meta.url).href]
  return withService(name, { imports }, async (service) => {
    await abortMany(service, 500)
    const before = await service.count(({ reason }) => reason === 'aborted')
    const [sockets, heap] = [service.sockets(), await service.heapBytes()]
    const texts = await abortMany(service, settings.aborts)
    const aborted = (await service.count(({ reason }) => reason === 'aborted')) - before
    const bytesEach = ((await service.heapBytes()) - heap) / settings.aborts
    const statuses = await Promise.all(texts.slice(-SAMPLE).map((text) => statusOf(service.port, text)))
    const taken = statuses.filter((status) => status === '200').length
    await sleep(200)
    const left = Math.max(0, service.sockets() - sockets)
    const complaints = service.stderr.split('\n').filter((line) => line !== '' && !isExpected(line)).length
    return {
      id: 'R25',
      fault: `clients hang up, ${name} (${FRAMEWORKS[name]})`,
      injected: `${settings.aborts} signed requests whose connection ends in the body, ${AT_ONCE} at a time (the list asks for 1e5)`,
      asked: 'one record aborted each, nonce not spent, 0 leaks, no write after end',
      measured: `${aborted} records aborted; ${taken} of ${SAMPLE} accepted when sent whole after; ${left} sockets left; ${bytesEach.toFixed(0)} bytes of heap more for each; ${complaints} lines on stderr`,
      held:
        service.isAlive &&
        aborted === settings.aborts &&
        taken === SAMPLE &&
        left === 0 &&
        bytesEach < MOST_BYTES_EACH &&
        complaints === 0,
    }
  })
}

/** Warnings that a service begins with. */
function isExpected(line: string): boolean {
  return (
    line.includes('CountersignWarning: key warehouse-1') ||
    line.includes('--trace-warnings') ||
    line.startsWith('heap ')
  )
}

/** Sends requests without their last byte and hangs up; answers what was sent, whole. */
async function abortMany(service: ServiceProcess, count: number): Promise<readonly string[]> {
  const { url, ...key } = service.read
  const signer = createSigner(key)
  const texts: string[] = []
  let begun = 0
  const one = async (): Promise<void> => {
    while (begun++ < count) {
      const signed = signer.sign({ method: 'GET', url, headers: {}, body: BODY })
      const fields = Object.entries({ host: 'a', 'content-length': String(BODY.length), ...signed })
      const text = `GET ${url} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${BODY}`
      texts.push(text)
      const socket = connect(service.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      await new Promise<void>((resolve) => socket.write(text.slice(0, -1), () => resolve()))
      // The head has to be seen, or there is nothing to abort.
      await sleep(5)
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return texts
}

async function statusOf(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return bytes.toString('latin1').slice(9, 12)
}

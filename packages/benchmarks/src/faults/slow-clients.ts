import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '@countersign/client'
import type { FaultBench } from './bench.js'
import { statusesOf } from './load.js'
import type { FaultRow } from './row.js'
import { FRAMEWORKS, type ServiceName, type ServiceProcess } from './service.js'

const HEADERS_TIMEOUT_SECONDS = 2
const REQUEST_TIMEOUT_SECONDS = 4
const MOST_SECONDS = REQUEST_TIMEOUT_SECONDS + 30

/** R17: clients that send a byte now and then, half of them in the headers, half in the body of a signed request. */
export function slowClients({ settings, load, withService }: FaultBench, name: ServiceName): Promise<FaultRow> {
  const environment = {
    HEADERS_TIMEOUT_SECONDS: String(HEADERS_TIMEOUT_SECONDS),
    REQUEST_TIMEOUT_SECONDS: String(REQUEST_TIMEOUT_SECONDS),
  }
  return withService(name, { environment }, async (service) => {
    const before = service.sockets()
    const head = slowBody(service)
    const clients = await Promise.all(
      Array.from({ length: settings.slowClients }, (_, index) =>
        slowClient(service.port, index % 2 === 0 ? 'GET / HTTP/1.1\r\nHost: ' : head),
      ),
    )
    const startedAt = performance.now()
    const good = await load.run(service, { connections: 4, perSecond: 100, seconds: 2 })
    const [unsent, whole] = await Promise.all([
      Promise.all(clients.filter((_, index) => index % 2 === 0).map(({ ended }) => ended)),
      Promise.all(clients.filter((_, index) => index % 2 === 1).map(({ ended }) => ended)),
    ])
    while (service.sockets() > before && performance.now() - startedAt < MOST_SECONDS * 1000) await sleep(50)
    const left = Math.max(0, service.sockets() - before)
    const last = (ends: readonly number[]): number => (Math.max(...ends) - startedAt) / 1000
    const aborted = await service.count(({ reason }) => reason === 'aborted' || reason === 'body_timeout')
    return {
      id: 'R17',
      fault: `slow clients, ${name} (${FRAMEWORKS[name]})`,
      injected: `${settings.slowClients} sockets: half send a byte of a header, half a byte of a signed body, each half second; limits set to ${HEADERS_TIMEOUT_SECONDS} s and ${REQUEST_TIMEOUT_SECONDS} s`,
      asked: `sockets back within ${MOST_SECONDS} s`,
      measured: `headers cut after ${last(unsent).toFixed(1)} s, bodies after ${last(whole).toFixed(1)} s; ${left} sockets left; ${aborted} records aborted; beside them ${statusesOf(good)}, p99 ${good.p99.toFixed(0)} ms`,
      held: left === 0 && Math.max(last(unsent), last(whole)) <= MOST_SECONDS,
    }
  })
}

/** The head of a signed request whose body is to be long. */
function slowBody({ read }: ServiceProcess): string {
  const body = 'x'.repeat(1000)
  const { url, ...key } = read
  const headers = createSigner(key).sign({ method: 'GET', url, headers: {}, body })
  const fields = Object.entries({ ...headers, 'content-length': '1000', host: 'a' })
  return `GET ${url} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Sends a byte each half second until the other side ends the connection; `ended` says when that was. */
async function slowClient(port: number, start: string): Promise<{ readonly ended: Promise<number> }> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(start)
  const timer = setInterval(() => socket.write('x'), 500)
  const ended = new Promise<number>((resolve) => {
    const giveUp = setTimeout(() => socket.destroy(), MOST_SECONDS * 1000)
    socket.resume().once('close', () => {
      clearInterval(timer)
      clearTimeout(giveUp)
      resolve(performance.now())
    })
  })
  return { ended }
}

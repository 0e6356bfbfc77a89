import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * A bare node:http server that answers everything with a 503 of some hundred bytes: what an answer costs at the least. Told anything, it says how
 * much processor time it has used, in seconds.
 */

const BODY = JSON.stringify({ type: 'about:blank', title: 'too much', status: 503, code: 'overloaded' })
const HEADERS = {
  'content-type': 'application/problem+json',
  'content-length': String(BODY.length),
  'retry-after': '1',
}

const server = createServer((_request, response) => void response.writeHead(503, HEADERS).end(BODY))
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.((user + system) / 1e6)
})
process.on('disconnect', () => process.exit())

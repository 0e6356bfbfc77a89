import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy that makes a good server look bad. What is set holds for what passes from then on. */
export interface FaultyProxy {
  readonly port: number
  /** Answers come so much later. */
  delayMilliseconds: number
  /** Every answer is this instead: `-LOADING …\r\n`. */
  reply: string | null
  /** What the client says goes through, and the connection is cut where the answer would come. So many times. */
  cuts: number
  close(): Promise<void>
}

/** @param port - of the server, on loopback */
export async function startProxy(port: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>()
  const state = { delayMilliseconds: 0, reply: null as string | null, cuts: 0 }
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (state.reply === null) upstream.write(chunk)
      // One command is one array; pipelined ones come in one chunk.
      else client.write(state.reply.repeat(commandsIn(chunk)))
    })
    upstream.on('data', (chunk) => {
      if (state.cuts > 0) {
        state.cuts--
        client.destroy()
      } else if (state.delayMilliseconds === 0) client.write(chunk)
      else setTimeout(() => client.writable && client.write(chunk), state.delayMilliseconds)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, { port: portOf(server), close: () => closeAll(server, sockets) })
}

function commandsIn(chunk: Buffer): number {
  return chunk.toString('latin1').match(/(?:^|\r\n)\*\d+\r\n/g)?.length ?? 1
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  return new Promise((resolve) => server.close(() => resolve()))
}

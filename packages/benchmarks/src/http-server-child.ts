import type { HttpMaterial } from './http-material.js'
import { SERVERS } from './http-servers.js'

/** Asked for its processor time, a server answers in microseconds. */
export type ServerMessage = { readonly start: HttpMaterial } | 'cpu'

const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error(`no such server: ${process.argv[2]}`)

process.on('message', async (message: ServerMessage) => {
  if (message === 'cpu') {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  } else process.send?.(await start(message.start))
})
process.on('disconnect', () => process.exit())

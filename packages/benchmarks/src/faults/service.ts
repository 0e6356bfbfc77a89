import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type DemoKeys, makeKeys } from '@countersign-example/kit'
import { canPin } from '../pinned.js'

export type ServiceName = 'orders' | 'inventory'
export const SERVICES: readonly ServiceName[] = ['orders', 'inventory']
export const FRAMEWORKS: Readonly<Record<ServiceName, string>> = { orders: 'Express', inventory: 'Fastify' }

/** Where a service's standard output goes. `unread`: to a pipe whose reader has stopped. */
export type Output = 'read' | 'unread' | 'gone' | { readonly fd: number }

export interface ServiceOptions {
  readonly output?: Output
  readonly environment?: Readonly<Record<string, string>>
  /** Modules that run first: faults from inside. */
  readonly imports?: readonly string[]
  /** Another service that takes the same requests. */
  readonly main?: URL
}

/** An audit record, as far as it is looked at here. */
export interface AttemptLine {
  readonly outcome: string
  readonly reason?: string
}

const SERVICE_CORE = '0'
const START_SECONDS = 20

/** One of the example services as a process of its own. */
export class ServiceProcess {
  readonly name: ServiceName
  readonly port: number
  readonly keys: DemoKeys
  readonly child: ChildProcess
  readonly attempts: AttemptLine[] = []
  stderr = ''
  /** Exit code or signal, and when. */
  readonly ended: Promise<{ readonly code: number | string; readonly at: number }>

  private constructor(name: ServiceName, port: number, keys: DemoKeys, child: ChildProcess, output: Output) {
    this.name = name
    this.port = port
    this.keys = keys
    this.child = child
    // 'close': when the last line of its output is here as well.
    this.ended = once(child, output === 'unread' ? 'exit' : 'close').then(([code, signal]) => ({
      code: code ?? signal,
      at: monotonicMilliseconds(),
    }))
    child.stderr?.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString()
    })
    if (output === 'gone') child.stdout?.destroy()
    if (output === 'read') this.#readAttempts(child)
  }

  static async start(name: ServiceName, jwksUrl: string, options: ServiceOptions = {}): Promise<ServiceProcess> {
    const { output = 'read', environment = {}, imports = [] } = options
    const keys = makeKeys()
    const port = await freePort()
    const { main = new URL('main.js', import.meta.resolve(`@countersign-example/${name}`)) } = options
    const command = [
      ...(canPin ? ['taskset', '-c', SERVICE_CORE] : []),
      process.execPath,
      ...imports.flatMap((url) => ['--import', url]),
      fileURLToPath(main),
    ]
    const child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', typeof output === 'object' ? output.fd : 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...settingsOf(name, keys, jwksUrl), PORT: String(port), ...environment },
    })
    const service = new ServiceProcess(name, port, keys, child, output)
    await service.#untilReady()
    return service
  }

  /** The head and path of a request that the service answers with 200, and what it is signed with. */
  get read(): { readonly url: string; readonly keyId: string; readonly secret: string; readonly audience: string } {
    return this.name === 'orders'
      ? { url: '/orders', keyId: 'reporting-1', secret: this.keys.reportingSecret, audience: 'orders' }
      : { url: '/stock', keyId: 'orders-1', secret: this.keys.ordersSecret, audience: 'inventory' }
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** From now on: what is open stays open. Before it is ready a service opens hundreds of files at once. */
  limitFiles(most: number): void {
    execFileSync('prlimit', [`--pid=${this.child.pid}`, `--nofile=${most}`])
  }

  /** How many audit records match, once none has come for a second. */
  async count(matches: (attempt: AttemptLine) => boolean): Promise<number> {
    for (let read = -1; read < this.attempts.length; await sleep(1000)) read = this.attempts.length
    return this.attempts.filter(matches).length
  }

  /** Sockets that the process holds, its listening one among them. Linux only. */
  sockets(): number {
    const folder = `/proc/${this.child.pid}/fd`
    return readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length
  }

  megabytes(): number {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes) / 1024
  }

  /** Processor time that it has used, user and system. */
  cpuSeconds(): number {
    // After the name in brackets, which may hold anything: utime and stime are the 14th and 15th of all, in ticks of 10 ms.
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  /** Bytes of the heap in use after garbage is collected, of a service that imports heap-on-signal. */
  async heapBytes(): Promise<number> {
    const seen = this.stderr.length
    this.child.kill('SIGUSR2')
    for (const endsAt = performance.now() + 10_000; performance.now() < endsAt; await sleep(20)) {
      const bytes = /^heap (\d+)\n/m.exec(this.stderr.slice(seen))?.[1]
      if (bytes !== undefined) return Number(bytes)
    }
    throw new Error(`${this.name} does not tell of its heap`)
  }

  /** Ends it if it has not ended. */
  async stop(): Promise<void> {
    if (this.isAlive) this.child.kill('SIGKILL')
    await this.ended
  }

  #readAttempts(child: ChildProcess): void {
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"auth.attempt"')) this.attempts.push(JSON.parse(line))
    })
  }

  async #untilReady(): Promise<void> {
    const endsAt = performance.now() + START_SECONDS * 1000
    while (this.isAlive && performance.now() < endsAt) {
      if ((await statusOfHealth(this.port)) === 200) return
      await sleep(50)
    }
    await this.stop()
    throw new Error(`${this.name} does not start: ${this.stderr}`)
  }
}

/** On a connection that ends with the answer. */
function statusOfHealth(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ port, path: '/health', agent: false }, (answer) => {
      answer.resume().once('close', () => resolve(answer.statusCode))
    }).once('error', () => resolve(undefined))
  })
}

/** The same in every process of this machine. */
export function monotonicMilliseconds(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch {
    return false
  }
}

function settingsOf(name: ServiceName, keys: DemoKeys, jwksUrl: string): Record<string, string> {
  if (name === 'inventory') return { ORDERS_SECRET: keys.ordersSecret, WAREHOUSE_SECRET: keys.warehouseSecret }
  return {
    ISSUER: 'https://id.example',
    JWKS_URL: jwksUrl,
    GATEWAY_SECRET: keys.gatewaySecret,
    REPORTING_SECRET: keys.reportingSecret,
    INVENTORY_URL: 'http://127.0.0.1:9',
    ORDERS_SECRET: keys.ordersSecret,
  }
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Gives out the public keys that orders asks for. */
export async function startIssuer(): Promise<{ readonly url: string; close(): void }> {
  const { kty, crv, x, y } = createPublicKey(makeKeys().tokenKey).export({ format: 'jwk' })
  const document = JSON.stringify({ keys: [{ kty, crv, x, y, kid: 'faults-1', alg: 'ES256', use: 'sig' }] })
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(document)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close().closeAllConnections() }
}

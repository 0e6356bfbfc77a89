import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createSigner } from '@countersign/client'

export interface LoadTask {
  readonly port: number
  /** What is asked for with GET, signed anew each time. */
  readonly url: string
  readonly keyId: string
  readonly secret: string
  readonly audience: string
  readonly connections: number
  /** Requests that are begun in a second, whatever becomes of them; `null`: each connection sends its next when one is answered. */
  readonly perSecond: number | null
  readonly seconds: number
  /** As a balancer: asks for /health, and opens no connection once it does not say 200. */
  readonly watchHealth: boolean
}

export interface LoadResult {
  readonly statuses: Readonly<Record<string, number>>
  /** Connections that ended while an answer was awaited. */
  readonly resets: number
  /** Connections that were refused: no request was sent. */
  readonly refused: number
  /** Requests that were due and found no free connection. */
  readonly unsent: number
  /** Requests whose answer had not come three seconds after the last was sent. */
  readonly unanswered: number
  /** Milliseconds from the request to its 200. */
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly seconds: number
  /** When /health first said something else than 200: milliseconds of the machine's monotonic clock; `null`: never. */
  readonly notReadyAt: number | null
}

const TICK_MILLISECONDS = 4
const HEALTH_MILLISECONDS = 25

class Load {
  readonly #task: LoadTask
  readonly #sign: () => string
  readonly #free: Connection[] = []
  readonly #open = new Set<Connection>()
  readonly statuses: Record<string, number> = {}
  readonly latencies: number[] = []
  resets = 0
  refused = 0
  unsent = 0
  notReadyAt: number | null = null
  #isOver = false
  #unanswered = 0

  constructor(task: LoadTask) {
    this.#task = task
    const { keyId, secret, audience, url } = task
    const signer = createSigner({ keyId, secret, audience })
    this.#sign = () => {
      const fields = Object.entries(signer.sign({ method: 'GET', url, headers: {}, body: null }))
      return `GET ${url} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    }
  }

  async run(): Promise<LoadResult> {
    const { connections, perSecond, seconds, watchHealth } = this.#task
    const startedAt = performance.now()
    const endsAt = startedAt + seconds * 1000
    const health = watchHealth ? setInterval(() => this.#watch(), HEALTH_MILLISECONDS) : undefined
    for (let index = 0; index < connections; index++) this.#connect()
    let begun = 0
    while (performance.now() < endsAt && (this.#open.size > 0 || this.notReadyAt === null)) {
      const now = performance.now()
      const due = perSecond === null ? this.#free.length : Math.floor(((now - startedAt) / 1000) * perSecond) - begun
      for (let index = 0; index < due; index++) this.#begin(perSecond !== null)
      begun += due
      await new Promise((resolve) => setTimeout(resolve, perSecond === null ? 1 : TICK_MILLISECONDS))
    }
    this.#isOver = true
    const ranFor = (performance.now() - startedAt) / 1000
    clearInterval(health)
    await this.#drain()
    return this.#result(ranFor)
  }

  /** A connection is free: in a closed loop it goes on at once. */
  release(connection: Connection): void {
    if (this.#task.perSecond === null && !this.#isOver) connection.send(this.#sign())
    else this.#free.push(connection)
  }

  gone(connection: Connection): void {
    this.#open.delete(connection)
    const index = this.#free.indexOf(connection)
    if (index >= 0) this.#free.splice(index, 1)
    if (!this.#isOver && this.notReadyAt === null) this.#connect()
  }

  #begin(countsUnsent: boolean): void {
    const connection = this.#free.pop()
    if (connection !== undefined) connection.send(this.#sign())
    else if (countsUnsent) this.unsent++
  }

  #connect(): void {
    this.#open.add(new Connection(this.#task.port, this))
  }

  #watch(): void {
    const { port } = this.#task
    const notReady = (): void => {
      this.notReadyAt ??= Number(process.hrtime.bigint() / 1_000_000n)
    }
    get({ port, path: '/health', agent: false }, (answer) => {
      if (answer.statusCode !== 200) notReady()
      answer.resume()
    }).on('error', notReady)
  }

  /** Waits for what is awaited still, and ends the connections. */
  async #drain(): Promise<void> {
    const endsAt = performance.now() + 3000
    while ([...this.#open].some(({ isAwaiting }) => isAwaiting) && performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (const connection of this.#open) {
      if (connection.isAwaiting) this.#unanswered++
      connection.end()
    }
  }

  #result(seconds: number): LoadResult {
    const sorted = this.latencies.sort((left, right) => left - right)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const { statuses, resets, refused, unsent, notReadyAt } = this
    const unanswered = this.#unanswered
    return {
      statuses,
      resets,
      refused,
      unsent,
      unanswered,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      seconds,
      notReadyAt,
    }
  }
}

/** One connection, one request at a time. */
class Connection {
  readonly #load: Load
  readonly #socket: Socket
  #sentAt: number | undefined
  #isConnected = false
  #received = ''

  constructor(port: number, load: Load) {
    this.#load = load
    this.#socket = connect(port, '127.0.0.1', () => {
      this.#isConnected = true
      load.release(this)
    })
    this.#socket.setNoDelay(true)
    this.#socket.on('error', () => {})
    this.#socket.on('data', (bytes) => this.#take(bytes.toString('latin1')))
    this.#socket.on('close', () => this.#lose())
  }

  get isAwaiting(): boolean {
    return this.#sentAt !== undefined
  }

  send(request: string): void {
    this.#sentAt = performance.now()
    this.#socket.write(request, 'latin1')
  }

  end(): void {
    this.#sentAt = undefined
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#received += text
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd < 0 || this.#sentAt === undefined) return
    const head = this.#received.slice(0, headEnd).toLowerCase()
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
    if (this.#received.length < headEnd + 4 + length) return
    const status = head.slice(9, 12)
    this.#load.statuses[status] = (this.#load.statuses[status] ?? 0) + 1
    if (status === '200') this.#load.latencies.push(performance.now() - this.#sentAt)
    this.#sentAt = undefined
    this.#received = ''
    if (head.includes('\r\nconnection: close')) this.#socket.end()
    else this.#load.release(this)
  }

  #lose(): void {
    if (!this.#isConnected) this.#load.refused++
    else if (this.isAwaiting) this.#load.resets++
    this.#sentAt = undefined
    // Not at once: a service that is down would be asked without end.
    setTimeout(() => this.#load.gone(this), this.#isConnected ? 0 : 50)
  }
}

process.on('message', async (task: LoadTask) => process.send?.(await new Load(task).run()))
process.on('disconnect', () => process.exit())

import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { LoopBudget } from './loop-budget.js'
import { onceAMinute } from './once-a-minute.js'

/** Answered in every state but the last: who asks for it wants to know the state. */
const HEALTH_PATH = '/health'
const MOST_UNDER_WAY = 1000
const LINGER_MILLISECONDS = 1000

/**
 * Stands before the framework, the same for Fastify and Express: knows the requests under way, refuses those that come while the service
 * closes, and those that it has no time for, with 503 before anything is verified.
 */
export class Front {
  readonly #server: Server
  readonly #handle: RequestListener
  readonly #underWay = new Set<ServerResponse>()
  readonly #budget: Pick<LoopBudget, 'isSpent'>
  readonly #tellOfShed: (what: string) => void
  #isLeaving = false
  #isClosing = false
  #onIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  /** @param server - with its framework as its only listener */
  constructor(server: Server, log: Logger, budget: Pick<LoopBudget, 'isSpent'> = new LoopBudget()) {
    const [handle] = server.listeners('request')
    this.#server = server
    this.#budget = budget
    this.#handle = handle as RequestListener
    this.#tellOfShed = onceAMinute((count) => log.warn({ count }, 'overloaded: requests refused'))
    server.removeAllListeners('request').on('request', this.#take)
  }

  /** From `leave` on. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** Serves as before, but is not ready any more, and ends each connection with its next answer: clients and balancers go elsewhere. */
  readonly leave = (): void => {
    this.#isLeaving = true
    for (const response of this.#underWay) endConnection(response)
  }

  /**
   * Refuses new requests, waits for those under way, ends all connections; once, however often it is called.
   *
   * @param stop - makes the server take no further connection; resolves when the last one has ended
   */
  close(stop: () => Promise<unknown>): Promise<void> {
    this.#closed ??= this.#close(stop)
    return this.#closed
  }

  async #close(stop: () => Promise<unknown>): Promise<void> {
    this.leave()
    this.#isClosing = true
    const stopped = stop()
    await this.#idle()
    this.#server.closeIdleConnections()
    // The last answers are on their way. Whoever has not sent a whole request by then never will.
    await Promise.race([stopped, sleep(LINGER_MILLISECONDS, undefined, { ref: false })])
    this.#server.closeAllConnections()
    await stopped
  }

  readonly #take = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#isClosing) refuseClosing(request, response)
    else if (request.url === HEALTH_PATH) this.#pass(request, response)
    else if (this.#underWay.size >= MOST_UNDER_WAY || this.#budget.isSpent()) {
      this.#tellOfShed('')
      response.writeHead(503, OVERLOADED.headers).end(OVERLOADED.body)
    } else this.#pass(request, response)
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    this.#underWay.add(response)
    response.once('close', () => {
      this.#underWay.delete(response)
      if (this.#underWay.size === 0) this.#onIdle?.()
    })
    if (this.#isLeaving) endConnection(response)
    this.#handle.call(this.#server, request, response)
  }

  async #idle(): Promise<void> {
    if (this.#underWay.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }
}

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

/** Takes the body off the wire first: a connection that is closed with bytes unread is reset, and the answer with it. */
function refuseClosing(request: IncomingMessage, response: ServerResponse): void {
  const answer = (): void => {
    if (!response.headersSent) response.writeHead(503, { ...CLOSING.headers, connection: 'close' }).end(CLOSING.body)
  }
  if (request.complete) answer()
  else {
    const timer = setTimeout(answer, LINGER_MILLISECONDS).unref()
    once(request.resume(), 'end')
      .then(answer, answer)
      .finally(() => clearTimeout(timer))
  }
}

function problem(code: string, title: string) {
  const body = JSON.stringify({ type: 'about:blank', title, status: 503, code })
  return {
    headers: {
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'retry-after': '1',
    },
    body,
  }
}

const OVERLOADED = problem('overloaded', 'The service has more requests than it gets done')
const CLOSING = problem('closing', 'The service is being stopped')

import type { IncomingMessage } from 'node:http'

/** How a body could not be had. */
export type BodyFailure = 'body_too_large' | 'body_timeout' | 'aborted'

export interface ReadBodyOptions {
  /** The largest body that is accepted, in bytes on the wire (before any content coding is undone). */
  readonly limitBytes: number
  /** How long the whole body may take, from the call to the last byte. */
  readonly timeoutSeconds: number
}

const FAILURE_TEXT: Readonly<Record<BodyFailure, string>> = {
  body_too_large: 'The request body exceeds the limit',
  body_timeout: 'The request body did not arrive in time',
  aborted: 'The request body ended before it was complete',
}

/** The client's fault: its body could not be had. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly failure: BodyFailure
  constructor(failure: BodyFailure) {
    super(FAILURE_TEXT[failure])
    this.failure = failure
  }
}

/** The developer's fault: somebody before us reads the body, so its bytes on the wire are gone. */
export class BodyAlreadyReadError extends Error {
  override readonly name = 'BodyAlreadyReadError'
  constructor() {
    super('The request body was already read: mount countersign before body parsers and anything else that reads it')
  }
}

/** How many bytes were put back: as long as exactly these are buffered, nobody has read them since. */
const putBackBytes = new WeakMap<IncomingMessage, number>()

/**
 * Reads the whole body of `message`, exactly the bytes on the wire, and puts them back, so that any later reader (a body
 * parser, multer, busboy, a handler that streams) finds an untouched stream. All of them share the one Buffer.
 *
 * Answers with a value instead of a promise where nothing must be waited for: there is no body (RFC 9112 §6.3: neither
 * Transfer-Encoding nor a Content-Length above 0), or all of it is here. Called again before anybody else has read, it
 * answers the same bytes.
 *
 * @throws {BodyError} or rejects with it; what is left of the body then waits on the connection: see {@link discardBody}
 * @throws {BodyAlreadyReadError} or rejects with it, where a body was announced and somebody else reads it
 * Does NOT undo a content coding and does NOT compare a digest.
 */
export function readBody(message: IncomingMessage, options: ReadBodyOptions): Buffer | Promise<Buffer> {
  const announced = announcedBytes(message)
  if (announced === 0) return Buffer.alloc(0)
  if (isReadByOthers(message)) throw new BodyAlreadyReadError()
  if (announced !== undefined && announced > options.limitBytes) throw new BodyError('body_too_large')
  if (isLost(message)) throw new BodyError('aborted')
  const arriving = new ArrivingBody(message, announced, options.limitBytes)
  const body = message.complete ? arriving.take() : undefined
  return body ?? arrival(message, arriving, options.timeoutSeconds)
}

/**
 * Drops what is still to come of a body that was refused, so that an honest client's connection stays usable, and closes
 * the connection where the rest has not come within `seconds`. Node by itself drains only a message that nobody has
 * begun to read, and waits for its end as long as the server's `requestTimeout` says (0, for ever, on Fastify).
 */
export function discardBody(message: IncomingMessage, seconds: number = 5): void {
  if (message.complete || isLost(message)) return
  const { socket } = message
  // `?.`: the simulated sockets of light-my-request have no destroy(). Over HTTP/2 this is the stream, not the connection.
  const timer = setTimeout(() => socket.destroy?.(), seconds * 1000).unref()
  const stop = () => {
    clearTimeout(timer)
    message.off('end', stop)
    socket.off('close', stop)
  }
  // The socket's 'close', because a message whose answer is finished does not learn of it.
  socket.on('close', stop)
  message.on('end', stop).resume()
}

/** The two things that an HTTP/2 message of Node's compatibility API tells only through its stream. */
type MaybeHttp2 = IncomingMessage & {
  readonly stream?: { readonly endAfterHeaders: boolean; readonly rstCode: number }
}

/** How long the body will be; 0 where there is none, `undefined` where only its end will tell (RFC 9112 §6.3, RFC 9113 §8.1). */
function announcedBytes(message: MaybeHttp2): number | undefined {
  if (message.headers['transfer-encoding'] !== undefined) return undefined
  if (message.headers['content-length'] !== undefined) return Number(message.headers['content-length'])
  return message.httpVersionMajor < 2 || message.stream?.endAfterHeaders ? 0 : undefined
}

function isReadByOthers(message: IncomingMessage): boolean {
  if (message.readableEnded || message.readableFlowing === true || message.readableEncoding !== null) return true
  return message.readableDidRead && putBackBytes.get(message) !== message.readableLength
}

/** An HTTP/2 message whose stream was reset is not destroyed; it ends, and calls itself complete. */
function isLost(message: MaybeHttp2): boolean {
  return message.destroyed || (message.stream?.rstCode ?? 0) !== 0
}

/** The body so far. */
class ArrivingBody {
  readonly #message: IncomingMessage
  readonly #announced: number | undefined
  readonly #limitBytes: number
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(message: IncomingMessage, announced: number | undefined, limitBytes: number) {
    this.#message = message
    this.#announced = announced
    this.#limitBytes = limitBytes
  }

  /**
   * Takes the bytes that are here; with the last of them, puts all back and returns them.
   *
   * An ended, empty stream is never asked for bytes: read() would emit 'end' a tick later, and the later reader needs it.
   * For the same reason the last read() and the unshift() stand in one tick.
   */
  take(): Buffer | undefined {
    if (isLost(this.#message)) throw new BodyError('aborted')
    const waiting = this.#message.readableLength
    this.#bytes += waiting
    if (this.#bytes > this.#limitBytes) throw new BodyError('body_too_large')
    if (waiting > 0) this.#chunks.push(this.#message.read())
    // A 'readable' event without bytes announces the end; the simulated messages of light-my-request have no `complete`.
    return this.#message.complete || waiting === 0 ? this.#putBack() : undefined
  }

  #putBack(): Buffer {
    if (this.#announced !== undefined && this.#bytes !== this.#announced) throw new BodyError('aborted')
    const [first, ...others] = this.#chunks
    const body = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#chunks)
    if (body.length > 0) this.#message.unshift(body)
    putBackBytes.set(this.#message, body.length)
    return body
  }
}

/** Waits for the last byte, the deadline or the end of the connection, whichever is first, and leaves no listener behind. */
function arrival(message: IncomingMessage, arriving: ArrivingBody, timeoutSeconds: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const release = () => {
      clearTimeout(timer)
      message.off('readable', onReadable).off('end', onEnd).off('error', onLost).off('close', onLost)
    }
    const refuse = (error: unknown) => {
      release()
      reject(error)
    }
    const onReadable = () => {
      try {
        const body = arriving.take()
        if (body === undefined) return
        release()
        resolve(body)
      } catch (error) {
        refuse(error)
      }
    }
    const onEnd = () => refuse(new BodyAlreadyReadError())
    const onLost = () => refuse(new BodyError('aborted'))
    const timer = setTimeout(() => refuse(new BodyError('body_timeout')), timeoutSeconds * 1000).unref()
    // Asked before the listener is there: for a stream that nobody has asked, on('readable') asks one tick later, and
    // where an empty body has ended in between, that question spends its 'end'.
    message.read(0)
    message.on('readable', onReadable).on('end', onEnd).on('error', onLost).on('close', onLost)
  })
}

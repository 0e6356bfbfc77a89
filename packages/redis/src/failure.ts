/** Why a store did not answer. Small, fixed: fit for a label of a metric. */
export type RedisFailure =
  /** No answer within the deadline. */
  | 'timeout'
  /** The client has no connection that could take a command now. */
  | 'not_ready'
  /** The connection was lost, or could not be made. */
  | 'connection'
  /** Too many commands wait for an answer already. */
  | 'too_many_pending'
  /** Not asked: the breaker is open. */
  | 'circuit_open'
  /** An answer that the command does not have. */
  | 'unexpected_reply'
  /** An error reply, by its code. */
  | ReplyCode
  /** An error reply of another code. */
  | 'error_reply'
  | 'other'

type ReplyCode = (typeof REPLY_CODES)[number]

const REPLY_CODES = [
  'busy',
  'clusterdown',
  'crossslot',
  'loading',
  'masterdown',
  'misconf',
  'moved',
  'noauth',
  'noperm',
  'noreplicas',
  'noscript',
  'oom',
  'readonly',
  'tryagain',
  'wrongpass',
  'wrongtype',
] as const

/** What stores over Redis throw: fixed text, and the client's own error as `cause`. */
export class RedisStoreError extends Error {
  override readonly name = 'RedisStoreError'
  readonly failure: RedisFailure

  constructor(failure: RedisFailure, options?: ErrorOptions) {
    super(`The store did not answer: ${failure}`, options)
    this.failure = failure
  }
}

/** The class of whatever a client threw or rejected with. */
export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisStoreError) return error.failure
  if (!(error instanceof Error)) return 'other'
  // Clients hand the text of an error reply on as it is: a code in capitals, a space, words.
  const word = /^([A-Z]+)\b/.exec(error.message)?.[1]?.toLowerCase()
  if (word === 'err') return 'error_reply'
  return REPLY_CODES.find((code) => code === word) ?? (isOfConnection(error) ? 'connection' : 'other')
}

/** `ECONNREFUSED` and its like by their code, the clients' own by their class or, where all are plain errors, by their words. */
function isOfConnection(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return true
  return /connect|closed|offline|socket|stream|retries|redirect|slots cache|cluster|sentinel/i.test(
    `${error.constructor.name} ${error.message}`,
  )
}

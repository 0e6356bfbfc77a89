import { type Awaitable, chain } from '../chain.js'
import { ConfigurationError } from '../errors.js'
import { hmacChallenge } from '../http/challenge.js'
import type { HmacKeySource } from '../key.js'
import { DEFAULT_REPORT_SECONDS } from '../keys/key-use.js'
import { checkInteger, checkMembers, checkNumber } from '../options.js'
import type { BodyLimits } from '../request-view.js'
import type { AttemptContext, Presented, Scheme, SchemeHealth, SchemeOptions } from '../scheme.js'
import { readParameters } from './parameters.js'
import type { ReplayStore } from './replay.js'
import { ReplayGuard } from './replay-guard.js'
import { SignedBody } from './signed-body.js'
import { SignedRequest } from './signed-request.js'
import { HmacTerms } from './terms.js'

/** How HMAC-signed requests are verified. */
export interface HmacOptions {
  /** The clients' secrets: `keyRing([…])`. */
  readonly keys: HmacKeySource
  /** Where seen nonces are remembered: `memoryReplayStore()`. Required; `null` lets every signed request be replayed. */
  readonly replay: ReplayStore | null
  /** How long its answer is waited for: then the request is refused with 503, its nonce perhaps spent. Default 1. */
  readonly replayTimeoutSeconds?: number
  /** How far a timestamp may be from the clock here, in either direction. Default 300, at most 3600. */
  readonly windowSeconds?: number
  /** The largest body of a signed request. Default 1 048 576 (1 MiB). */
  readonly bodyLimitBytes?: number
  /** How long a body may take to arrive. Default 30. */
  readonly bodyTimeoutSeconds?: number
}

/**
 * The scheme of HMAC-signed requests: two wire formats, chosen key by key on the server.
 *
 * @throws {ConfigurationError} a missing `keys` or `replay`, a number that is none or out of bounds, an unknown option
 */
export function hmac(options: HmacOptions): SchemeOptions {
  checkMembers('hmac', options, [
    'keys',
    'replay',
    'replayTimeoutSeconds',
    'windowSeconds',
    'bodyLimitBytes',
    'bodyTimeoutSeconds',
  ])
  if (typeof options.keys?.open !== 'function') throw new ConfigurationError('hmac.keys', 'is required: keyRing([…])')
  if (options.replay !== null && typeof options.replay?.claim !== 'function') {
    throw new ConfigurationError(
      'hmac.replay',
      'is required: memoryReplayStore(); null, written out, lets requests be replayed',
    )
  }
  const replayTimeoutSeconds = checkNumber('hmac.replayTimeoutSeconds', options.replayTimeoutSeconds ?? 1, 0.001, 60)
  const windowSeconds = checkInteger('hmac.windowSeconds', options.windowSeconds ?? 300, 1, 3600)
  const limits: BodyLimits = {
    limitBytes: checkInteger('hmac.bodyLimitBytes', options.bodyLimitBytes ?? 1_048_576, 0, 2 ** 31),
    timeoutSeconds: checkNumber('hmac.bodyTimeoutSeconds', options.bodyTimeoutSeconds ?? 30, 0.001, 3600),
  }
  return {
    open(setup) {
      const { audience, clock, keyReportSeconds = DEFAULT_REPORT_SECONDS, revocation } = setup
      if (audience?.includes('\n')) throw new ConfigurationError('audience', 'contains a line feed')
      const replay = options.replay === null ? null : new ReplayGuard(options.replay, replayTimeoutSeconds)
      const keys = options.keys.open({ clock, option: `${setup.option}.keys` })
      const settings = { audience: audience ?? '', windowSeconds, limits, keyReportSeconds, replay, revocation }
      return new HmacScheme(new HmacTerms(settings, keys))
    },
  }
}

class HmacScheme implements Scheme {
  readonly name = 'hmac'
  readonly #terms: HmacTerms

  constructor(terms: HmacTerms) {
    this.#terms = terms
  }

  present(context: AttemptContext): Presented | undefined {
    const parameters = readParameters(context.view.rawHeaders)
    if (parameters === undefined) return undefined
    if ('keyId' in parameters) return new SignedRequest(this.#terms, context, parameters)
    return new SignedBody(this.#terms, context, parameters)
  }

  challenge(realm: string, reason: Parameters<Scheme['challenge']>[1]): string {
    return hmacChallenge(realm, reason)
  }

  warmup(): Awaitable<void> {
    return this.#terms.keys.warmup()
  }

  async health(now: number): Promise<SchemeHealth> {
    const keys = this.#terms.keys.health(now)
    const { replay } = this.#terms.settings
    if (replay === null) return { scheme: 'hmac', ready: keys.ready, keys: [keys] }
    const ready = await replay.ready(now)
    return { scheme: 'hmac', ready: ready && keys.ready, keys: [keys], replayStore: { ready } }
  }

  close(): Awaitable<void> {
    return chain(this.#terms.keys.close(), this.#terms.settings.replay, (_, replay) => replay?.close())
  }
}

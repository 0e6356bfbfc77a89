import { memoryRevocation, type RevocationStore } from '@countersign/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createTokenIssuer, memorySigningKeys, type RefreshStore, type SessionTokens } from '../../src/index.js'
import { ALICE, ISSUER, NOW, partsOf, serviceOf, TestClock, wordOf } from '../kit.js'

/*
 * The state machine of refresh tokens, driven through the issuer by any interleaving of uses, retries, lost answers, crashes and clocks. It is not
 * compared with a second implementation: the history is asked for what must be true of it.
 */

const IDLE = 600
const ABSOLUTE = 1000
const GRACE = 10

/** Which of the tokens that a session ever had, counted from the newest. */
const age = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.constant(1) }, fc.nat(6))
const which = fc.nat(2)

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('use' as const), session: which, age, isLost: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('race' as const),
      session: which,
      age,
      width: fc.integer({ min: 2, max: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), session: which, age, isDone: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('refuse' as const),
      session: which,
      age,
      scopes: fc.constantFrom(['admin'], ['read']),
      clientId: fc.constantFrom('web', 'evil'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forge' as const), session: which, byte: fc.nat(63) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), session: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deafen' as const) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.integer({ min: -30, max: GRACE + 2 }),
        fc.constantFrom(GRACE, GRACE + 1, IDLE - 1, IDLE, -IDLE, 300),
      ),
    }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A session as the test saw it. */
interface Session {
  readonly id: string
  readonly startedAt: number
  /** Every refresh token, oldest first; also those whose answer was lost. */
  readonly tokens: string[]
  readonly accessTokens: string[]
  /** For each token what it was answered with. */
  readonly successors: Map<string, string>
  /** When each was first used. By the latest time that the session has seen. */
  readonly usedAt: Map<string, number>
  seenAt: number
  /** Nothing of it may be accepted again. */
  isOver: boolean
  /** Its access tokens must be refused too. */
  isRevoked: boolean
}

/** Fails where it is told to: before it does anything, or after it has done it. */
class FaultyStore implements RefreshStore {
  fault: 'before' | 'after' | undefined
  readonly #store: RefreshStore

  constructor(store: RefreshStore) {
    this.#store = store
  }

  start: RefreshStore['start'] = (...args) => this.#store.start(...args)
  find: RefreshStore['find'] = (...args) => this.#store.find(...args)
  end: RefreshStore['end'] = (...args) => this.#store.end(...args)
  endSubject: RefreshStore['endSubject'] = (...args) => this.#store.endSubject(...args)
  use: RefreshStore['use'] = async (use) => {
    const { fault } = this
    this.fault = undefined
    if (fault === 'before') throw new Error('crashed')
    const outcome = await this.#store.use(use)
    if (fault === 'after') throw new Error('crashed')
    return outcome
  }
}

class History {
  readonly #clock = new TestClock()
  readonly #revocation = memoryRevocation()
  readonly #store: FaultyStore
  readonly #sessions: Session[] = []
  #isDeaf = false
  readonly #issuer
  readonly #service

  constructor(store: RefreshStore) {
    this.#store = new FaultyStore(store)
    const told: RevocationStore = {
      isRevoked: (...args) => this.#revocation.isRevoked(...args),
      revoke: (entry) => {
        if (this.#isDeaf) throw new Error('deaf')
        this.#revocation.revoke(entry)
      },
    }
    this.#issuer = createTokenIssuer({
      issuer: ISSUER,
      audiences: ['orders', 'inventory'],
      // A family's life has room in it for several: it shall not end by its keys.
      keys: memorySigningKeys({ rotateSeconds: 31_536_000 }),
      refresh: { store: this.#store, idleSeconds: IDLE, absoluteSeconds: ABSOLUTE, graceSeconds: GRACE },
      revocation: told,
      audit: null,
      clock: this.#clock.read,
    })
    this.#service = serviceOf({
      issuer: this.#issuer,
      clock: this.#clock,
      revocation: this.#revocation,
      audit: undefined as never,
    })
  }

  async run(steps: readonly Step[], subject: string): Promise<void> {
    await this.#issuer.warmup()
    await this.#start(subject)
    for (const next of steps) await this.#take(next, subject)
    await this.#checkAccess()
    await this.#issuer.close()
  }

  async #take(next: Step, subject: string): Promise<void> {
    if (next.do === 'start') return this.#start(subject)
    if (next.do === 'wait') {
      // Not before the beginning: the keys would not be there yet.
      this.#clock.now = Math.max(NOW, this.#clock.now + next.seconds)
      return
    }
    if (next.do === 'deafen') {
      this.#isDeaf = !this.#isDeaf
      return
    }
    if (next.do === 'revoke') return this.#revokeAll(subject)
    const session = this.#sessions[next.session % this.#sessions.length] as Session
    if (next.do === 'end') return this.#end(session)
    if (next.do === 'forge') return this.#forge(session, next.byte)
    const token = session.tokens.at(-1 - (next.age % session.tokens.length)) as string
    if (next.do === 'use') await this.#use(session, token, next.isLost)
    else if (next.do === 'race')
      await Promise.all(Array.from({ length: next.width }, () => this.#use(session, token, false)))
    else if (next.do === 'crash') await this.#crash(session, token, next.isDone)
    else await this.#refuse(session, token, next)
  }

  async #start(subject: string): Promise<void> {
    const { refreshToken, sessionId: id, accessToken } = await this.#issuer.startSession({ ...ALICE, subject })
    const startedAt = this.#clock.now
    this.#sessions.push({
      id,
      startedAt,
      tokens: [refreshToken],
      accessTokens: [accessToken],
      successors: new Map(),
      usedAt: new Map(),
      seenAt: startedAt,
      isOver: false,
      isRevoked: false,
    })
  }

  async #use(session: Session, token: string, isLost: boolean): Promise<void> {
    const seenAt = Math.max(session.seenAt, this.#clock.now)
    session.seenAt = seenAt
    const mustRefuse = this.#mustRefuse(session, token)
    const decision = await this.#issuer.refresh({ refreshToken: token, clientId: 'web' })
    if (decision.outcome === 'deny') {
      expect(['refresh_token_reused', 'session_revoked', 'refresh_token_expired', 'refresh_token_unknown']).toContain(
        decision.reason,
      )
      // What is refused is old or over; and what is old ends it all.
      expect(mustRefuse).toBe(true)
      session.isOver = true
      if (['refresh_token_reused', 'session_revoked'].includes(decision.reason) && !this.#isDeaf)
        session.isRevoked = true
      return
    }
    expect(mustRefuse).toBe(false)
    this.#accepted(session, token, decision.tokens, isLost)
  }

  /** Whether this token is old, or its session over: said by the history alone. */
  #mustRefuse(session: Session, token: string): boolean {
    const { successors, usedAt, seenAt, startedAt } = session
    if (session.isOver) return true
    const lastUse = Math.max(startedAt, ...usedAt.values())
    if (seenAt >= startedAt + ABSOLUTE || seenAt >= lastUse + IDLE) return true
    const successor = successors.get(token)
    if (successor === undefined) return false
    // A retry: its successor must be unused, and the grace not over.
    return successors.has(successor) || seenAt - (usedAt.get(token) as number) > GRACE
  }

  #accepted(session: Session, token: string, tokens: SessionTokens, isLost: boolean): void {
    const known = session.successors.get(token)
    if (known === undefined) {
      session.successors.set(token, tokens.refreshToken)
      session.usedAt.set(token, session.seenAt)
      session.tokens.push(tokens.refreshToken)
    } else {
      // At most one live token: every answer to one token is the same.
      expect(tokens.refreshToken).toBe(known)
    }
    expect(tokens.sessionId).toBe(session.id)
    expect(tokens.expiresAt).toBeLessThanOrEqual(session.startedAt + ABSOLUTE)
    expect(tokens.refreshExpiresAt).toBeLessThanOrEqual(session.startedAt + ABSOLUTE)
    if (!isLost) session.accessTokens.push(tokens.accessToken)
  }

  /** The process dies in the middle: the client has no answer, and presents the token again. */
  async #crash(session: Session, token: string, isDone: boolean): Promise<void> {
    this.#store.fault = isDone ? 'after' : 'before'
    const decision = await this.#issuer.refresh({ refreshToken: token, clientId: 'web' })
    this.#store.fault = undefined
    // Found to be over before it came so far.
    if (decision.outcome === 'deny' && decision.reason === 'refresh_token_unknown')
      return this.#use(session, token, false)
    expect(decision).toMatchObject({ outcome: 'deny', reason: 'refresh_store_unavailable' })
    if (isDone) {
      session.seenAt = Math.max(session.seenAt, this.#clock.now)
      if (this.#mustRefuse(session, token)) {
        session.isOver = true
        // Whoever had the answer to give is gone; the session is over all the same.
        await this.#use(session, session.tokens.at(-1) as string, false)
      } else if (!session.successors.has(token)) {
        // It was rotated, and nobody knows the successor: only a retry tells.
        const again = await this.#issuer.refresh({ refreshToken: token, clientId: 'web' })
        expect(again.outcome).toBe('allow')
        if (again.outcome === 'allow') this.#accepted(session, token, again.tokens, false)
      }
    }
  }

  /** Asked for what it may not have, or by whom it may not: nothing is used up, but an old token is found out. */
  async #refuse(
    session: Session,
    token: string,
    { scopes, clientId }: { scopes: readonly string[]; clientId: string },
  ): Promise<void> {
    if (clientId === 'web' && scopes[0] === 'read') return
    session.seenAt = Math.max(session.seenAt, this.#clock.now)
    const mustRefuse = this.#mustRefuse(session, token)
    const decision = await this.#issuer.refresh({ refreshToken: token, clientId, scopes })
    const reason = decision.outcome === 'deny' ? decision.reason : 'allow'
    expect(['client_mismatch', 'scope_widened'].includes(reason)).toBe(!mustRefuse)
    if (!mustRefuse) return
    expect(reason).not.toBe('allow')
    session.isOver = true
    if (['refresh_token_reused', 'session_revoked'].includes(reason) && !this.#isDeaf) session.isRevoked = true
  }

  /** A bit of the live token turned: in the id or the family's secret it is nobody's, in its own secret somebody has had one. */
  async #forge(session: Session, byte: number): Promise<void> {
    const bytes = Buffer.from(session.tokens.at(-1) as string, 'base64url')
    bytes[byte] = (bytes[byte] as number) ^ 1
    const decision = await this.#issuer.refresh({ refreshToken: bytes.toString('base64url'), clientId: 'web' })
    expect(decision.outcome).toBe('deny')
    if (decision.outcome === 'allow' || byte < 32) {
      expect(decision).toMatchObject({ reason: 'refresh_token_unknown' })
      return
    }
    session.seenAt = Math.max(session.seenAt, this.#clock.now)
    session.isOver = true
    if (['refresh_token_reused', 'session_revoked'].includes(decision.reason) && !this.#isDeaf) session.isRevoked = true
  }

  async #end(session: Session): Promise<void> {
    const ended = await this.#issuer.endSession({ refreshToken: session.tokens[0] as string })
    session.isOver = true
    // A session that was forgotten has no access tokens either, unless the clock went back.
    if (ended.outcome === 'allow' && ended.sessions.length > 0) session.isRevoked = true
  }

  async #revokeAll(subject: string): Promise<void> {
    const ended = await this.#issuer.revokeSubject(subject)
    for (const session of this.#sessions) {
      session.isOver = true
      if (ended.outcome === 'allow') session.isRevoked = true
    }
  }

  async #checkAccess(): Promise<void> {
    for (const session of this.#sessions) {
      for (const token of session.accessTokens) {
        const [, { exp, sid }] = partsOf(token)
        expect(sid).toBe(session.id)
        expect(exp).toBeLessThanOrEqual(session.startedAt + ABSOLUTE)
        if (!session.isRevoked) continue
        expect(['token_revoked', 'token_expired', 'token_not_yet_valid', 'revocation_unavailable']).toContain(
          await wordOf(this.#service, token),
        )
      }
    }
  }
}

/** @param open - a store that knows no session of `subject` */
export async function checkRefreshHistories(
  open: () => Promise<{ readonly store: RefreshStore; readonly subject: string }>,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
      const { store, subject } = await open()
      await new History(store).run(steps, subject)
    }),
    { numRuns },
  )
}

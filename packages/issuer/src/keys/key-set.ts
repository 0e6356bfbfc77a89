import type { KeyObject } from 'node:crypto'
import type { Jwk } from '@countersign/core'
import { IssuanceError } from '../outcome.js'
import { nextKeyAt, publishedAt, type Schedule, type ScheduledKey, signingKeyAt } from './plan.js'
import type { SigningKey, SigningKeysHealth } from './signing-key.js'

/** A key pair of the schedule. */
export interface KeyPair extends ScheduledKey, Omit<SigningKey, 'key'> {
  readonly publicJwk: Jwk
  /** The private half, made once. Absent where it is not kept: the pair is published and signs nothing. */
  readonly key?: KeyObject | undefined
}

/** All key pairs at one time: taken whole, never changed. What is current and what is published follows from the time alone. */
export class KeyPairs {
  readonly pairs: readonly KeyPair[]
  readonly #schedule: Schedule

  constructor(pairs: readonly KeyPair[], schedule: Schedule) {
    this.pairs = pairs
    this.#schedule = schedule
  }

  /** @throws {IssuanceError} `keys_unavailable` */
  current(now: number): SigningKey {
    const pair = this.#signing(now)
    if (pair?.key === undefined) throw new IssuanceError('keys_unavailable')
    return { kid: pair.kid, algorithm: pair.algorithm, key: pair.key }
  }

  /** Newest last, as they came. The members of a public key, and what it is for (RFC 7517 section 4). */
  published(now: number): readonly Jwk[] {
    return publishedAt(this.pairs, now).map(({ kid, algorithm, publicJwk }) => {
      return { ...publicJwk, use: 'sig', alg: algorithm, kid }
    })
  }

  health(now: number): SigningKeysHealth {
    const current = this.#signing(now)
    const next = nextKeyAt(this.pairs, now)
    return {
      ready: current !== undefined,
      ...(current === undefined ? {} : { current: current.kid }),
      ...(next === undefined ? {} : { next: next.kid }),
      ...(next?.notBefore === undefined ? {} : { nextFrom: next.notBefore }),
      published: publishedAt(this.pairs, now).length,
    }
  }

  #signing(now: number): KeyPair | undefined {
    return signingKeyAt(this.pairs.filter(canSign), now, this.#schedule)
  }
}

export function canSign({ key }: KeyPair): boolean {
  return key !== undefined
}

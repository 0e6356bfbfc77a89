import {
  CredentialError,
  type JwtAlgorithm,
  type KeyHealth,
  staticJwks,
  type VerificationKey,
  type VerificationKeyLookup,
  type VerificationKeySource,
  type VerificationKeySourceContext,
} from '@countersign/core'
import type { SigningKeys } from './signing-key.js'

/** The published keys as a source for a verifier in the same process. Closing that verifier leaves them open. */
export function verificationKeysOf(keys: SigningKeys): VerificationKeySource {
  return { open: (context) => new IssuedKeys(keys, context) }
}

class IssuedKeys implements VerificationKeyLookup {
  readonly #keys: SigningKeys
  readonly #context: VerificationKeySourceContext
  #kids = ''
  #set: VerificationKeyLookup | undefined

  constructor(keys: SigningKeys, context: VerificationKeySourceContext) {
    this.#keys = keys
    this.#context = context
  }

  find(kid: string | undefined, algorithm: JwtAlgorithm, now: number): ReturnType<VerificationKeyLookup['find']> {
    const set = this.#setAt(now)
    if (set === undefined) throw new CredentialError('keys_unavailable')
    const found: VerificationKey | undefined | Promise<VerificationKey | undefined> = set.find(kid, algorithm, now)
    return found
  }

  warmup(): Promise<void> {
    return this.#keys.warmup()
  }

  health(now: number): KeyHealth {
    return this.#setAt(now)?.health(now) ?? { ready: false, keys: 0, activeKeys: 0 }
  }

  isUsable(now: number): boolean {
    return this.#setAt(now)?.isUsable(now) ?? false
  }

  close(): void {
    this.#set = undefined
    this.#kids = ''
  }

  /** Made anew when other keys are published: a key stays the same object until then, and tokens verified with it stay verified. */
  #setAt(now: number): VerificationKeyLookup | undefined {
    const jwks = this.#keys.published(now).filter(({ alg }) => this.#context.algorithms.some((name) => name === alg))
    const kids = jwks.map(({ kid }) => kid).join(' ')
    if (kids !== this.#kids) {
      this.#set = jwks.length === 0 ? undefined : staticJwks({ keys: jwks }).open(this.#context)
      this.#kids = kids
    }
    return this.#set
  }
}

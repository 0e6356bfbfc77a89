import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english } from '@zxcvbn-ts/language-en'
import { normalPassword } from '../login/password.js'

/** NIST SP 800-63B-4 section 3.1.1.2: a password that stands alone, and one beside a second factor. */
const LEAST_ALONE = 15
const LEAST_BESIDE_A_CODE = 8
/** Far above the 64 that have to be allowed; something has to bound the work. */
export const MOST_CHARACTERS = 256
/** What is looked at for its strength: the work grows faster than the length, 256 characters take seconds. */
const JUDGED_CHARACTERS = 64
/** Of 0 to 4: `safely unguessable`, more than 10^8 guesses. */
const LEAST_SCORE = 3

export interface PasswordContext {
  readonly name: string
  readonly codeAtEveryLogin: boolean
}

/** Judges new passwords. No composition rules, no rotation: both make passwords worse. */
export interface PasswordPolicy {
  /** What is wrong with a password, in a sentence that does not repeat it; `undefined` where it may be used. */
  fault(password: string, context: PasswordContext): string | undefined
}

/** @param blocklist more passwords that nobody may use, besides the common ones that leaks are full of */
export function passwordPolicy(blocklist: readonly string[] = []): PasswordPolicy {
  const judge = new ZxcvbnFactory({
    ...{ dictionary: { ...common, ...english }, graphs: adjacencyGraphs, maxLength: JUDGED_CHARACTERS },
  })
  const blocked = new Set([...common['passwords-common'], ...blocklist].map(folded))
  return {
    fault(password, { name, codeAtEveryLogin }) {
      const normal = normalPassword(password)
      const characters = [...normal].length
      const least = codeAtEveryLogin ? LEAST_BESIDE_A_CODE : LEAST_ALONE
      if (characters < least) return `the password needs at least ${least} characters`
      if (characters > MOST_CHARACTERS) return `the password may have at most ${MOST_CHARACTERS} characters`
      if (blocked.has(folded(normal))) return 'the password is a common one'
      const { score } = judge.check(normal, [name, 'countersign', 'gateway'])
      return score < LEAST_SCORE ? 'the password is too easy to guess' : undefined
    },
  }
}

function folded(password: string): string {
  return normalPassword(password).toLowerCase()
}

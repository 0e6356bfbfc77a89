import { checkMembers } from '@countersign/core/issuance'
import { generateSigningKey } from './generate.js'
import type { KeyPair } from './key-set.js'
import { planStep, type Schedule } from './plan.js'
import { type KeyPairStorage, RotatingKeys } from './rotating-keys.js'
import {
  type CheckedSchedule,
  checkSchedule,
  SCHEDULE_MEMBERS,
  type ScheduleOptions,
  scheduleFor,
} from './schedule-options.js'
import type { SigningKeySource } from './signing-key.js'

/**
 * Signing keys of this process alone, made when it starts: after a restart no token of before is good. For tests, and for services that run once.
 *
 * @throws {ConfigurationError} a wrong or unknown option
 */
export function memorySigningKeys(options: ScheduleOptions = {}): SigningKeySource {
  checkMembers('memorySigningKeys', options, SCHEDULE_MEMBERS)
  const schedule = checkSchedule('memorySigningKeys', options)
  return {
    open: (context) => new RotatingKeys(new MemoryStorage(schedule), scheduleFor(schedule, context), context.clock),
  }
}

const LOOK_SECONDS = 10

class MemoryStorage implements KeyPairStorage {
  readonly name = 'memory'
  readonly #schedule: CheckedSchedule
  #pairs: readonly KeyPair[] = []

  constructor(schedule: CheckedSchedule) {
    this.#schedule = schedule
  }

  async advance(now: number, schedule: Schedule): Promise<readonly KeyPair[]> {
    const step = planStep(this.#pairs, now, schedule)
    if (step === undefined) return this.#pairs
    const kept = this.#pairs
      .filter(({ kid }) => !step.drop.has(kid))
      .map((pair) => ({ ...pair, notAfter: step.ends.get(pair.kid) ?? pair.notAfter }))
    this.#pairs = step.create === undefined ? kept : [...kept, await this.#newPair(step.create)]
    return this.#pairs
  }

  async #newPair(notBefore: number): Promise<KeyPair> {
    const { privateKey: key, ...pair } = await generateSigningKey(this.#schedule.algorithm)
    return { ...pair, key, notBefore }
  }

  watch(changed: () => void): () => void {
    const timer = setInterval(changed, LOOK_SECONDS * 1000).unref()
    return () => clearInterval(timer)
  }
}

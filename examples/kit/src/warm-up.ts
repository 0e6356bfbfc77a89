import { setTimeout as delay } from 'node:timers/promises'
import type { Verifier } from '@countersign/core'

/**
 * Waits until a verifier has its keys and stores: where everything starts at once, some of it answers late.
 *
 * @throws {Error} what was still the matter in the end
 */
export async function warmUp(verifier: Pick<Verifier, 'warmup'>, seconds: number = 10): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    try {
      return await verifier.warmup()
    } catch (error) {
      if (performance.now() >= deadline) throw error
      await delay(250)
    }
  }
}

import { refusal } from '../errors.js'

/**
 * Refuses a timestamp further than the window from the clock here, in either direction. Both ends are inside.
 *
 * @param timestamp - ten digits, checked before
 * @throws {CredentialError} `timestamp_out_of_range`
 */
export function checkFreshness(timestamp: string, now: number, windowSeconds: number): void {
  if (Math.abs(Math.floor(now) - Number(timestamp)) > windowSeconds) throw refusal('timestamp_out_of_range')
}

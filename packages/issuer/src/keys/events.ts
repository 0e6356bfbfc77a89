import { channel } from 'node:diagnostics_channel'

/** `diagnostics_channel` of the signing keys; messages are `SigningKeyEvent`. */
export const SIGNING_KEY_CHANNEL = 'countersign:signing-key'

export type SigningKeyEvent =
  /** A key is in the JWK Set from now on, and signs from `notBefore` on. */
  | { readonly event: 'signing_key.published'; readonly v: 1; readonly kid: string; readonly notBefore?: number }
  /** It is there no more. */
  | { readonly event: 'signing_key.dropped'; readonly v: 1; readonly kid: string }
  /** The keys could not be read, or the schedule could not go on: those of before stay. */
  | { readonly event: 'signing_keys.refused'; readonly v: 1; readonly source: string; readonly problem: string }

const events = channel(SIGNING_KEY_CHANNEL)

export function publishSigningKeyEvent(event: SigningKeyEvent): void {
  if (events.hasSubscribers) events.publish(Object.freeze(event))
}

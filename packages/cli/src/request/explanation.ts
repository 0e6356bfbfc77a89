/** Why, for somebody who has the keys. Holds no secret, no MAC that was computed, and no token. */
export interface Explanation {
  /** The lines of the text that the service computed the MAC of. */
  readonly signedText?: readonly string[]
  readonly hints: readonly string[]
}

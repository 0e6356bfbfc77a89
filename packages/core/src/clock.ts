/** Tells the time as a NumericDate (RFC 7519 section 2): seconds since the epoch, UTC. May have a fraction. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now() / 1000

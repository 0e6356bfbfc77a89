/** How a user must have authenticated for one policy (RFC 9470). */
export interface StepUp {
  /** `acr` must be one of these, in order of preference. Absent: any, or none. */
  readonly acrValues: readonly string[] | undefined
  /** `auth_time` must not be longer ago. Absent: whenever. */
  readonly maxAgeSeconds: number | undefined
}

/**
 * Whether the claims of a verified token say that its user authenticated as asked (RFC 9068 section 2.2.1). A claim that is absent,
 * of another type, or a moment still to come says nothing.
 */
export function isSteppedUp(
  claims: Readonly<Record<string, unknown>>,
  { acrValues, maxAgeSeconds }: StepUp,
  now: number,
  skewSeconds: number,
): boolean {
  const { acr, auth_time: authTime } = claims
  if (acrValues !== undefined && !(typeof acr === 'string' && acrValues.includes(acr))) return false
  if (maxAgeSeconds === undefined) return true
  if (typeof authTime !== 'number') return false
  // So written that a time which is none, of the token or of the clock, is a no.
  return authTime <= now + skewSeconds && now <= authTime + maxAgeSeconds + skewSeconds
}

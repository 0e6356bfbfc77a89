import { ConfigurationError, StepUpError } from '../errors.js'
import { checkInteger, checkTexts } from '../options.js'
import type { Principal, SchemeName } from '../principal.js'
import type { DenyReason } from '../reason.js'
import type { Requirement } from './policy.js'
import { isSteppedUp, type StepUp } from './step-up.js'

type StepUpTest = (principal: Principal, now: number) => DenyReason | StepUpError | undefined

interface StepUpTerms {
  readonly schemes: ReadonlySet<SchemeName>
  readonly skewSeconds: number
}

export function asksForStepUp({ acr, maxAgeSeconds }: Requirement): boolean {
  return acr !== undefined || maxAgeSeconds !== undefined
}

/**
 * How the user of a requirement must have authenticated; `undefined` where it does not say.
 *
 * @throws {ConfigurationError} a value that could not stand in a challenge, an age that is none, or no users to ask it of
 */
export function compileStepUp(option: string, requirement: Requirement, terms: StepUpTerms): StepUpTest | undefined {
  if (!asksForStepUp(requirement)) return undefined
  const { acr, maxAgeSeconds, scheme } = requirement
  const stepUp: StepUp = {
    acrValues: acr === undefined ? undefined : checkAcrValues(`${option}.acr`, acr),
    maxAgeSeconds:
      maxAgeSeconds === undefined
        ? undefined
        : checkInteger(`${option}.maxAgeSeconds`, maxAgeSeconds, 1, MOST_AGE_SECONDS),
  }
  if (!terms.schemes.has('bearer') || (scheme ?? 'bearer') !== 'bearer') {
    const member = acr === undefined ? 'maxAgeSeconds' : 'acr'
    throw new ConfigurationError(`${option}.${member}`, 'can be asked of bearer tokens only')
  }
  const denial = new StepUpError(stepUp)
  return ({ scheme, claims }, now) => {
    if (scheme !== 'bearer' || claims === undefined) return 'scheme_required'
    return isSteppedUp(claims, stepUp, now, terms.skewSeconds) ? undefined : denial
  }
}

const MOST_AGE_SECONDS = 1_000_000_000
/** Delimited by spaces in a quoted-string (RFC 9470 section 3): neither these nor what quotes need may be part of a value. */
const ACR_VALUE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

function checkAcrValues(option: string, value: unknown): readonly string[] {
  const values = checkTexts(option, value)
  for (const [index, acr] of values.entries()) {
    if (!ACR_VALUE.test(acr))
      throw new ConfigurationError(`${option}[${index}]`, 'must be visible ASCII without spaces')
  }
  return values
}

import type { StepUp } from './policy/step-up.js'
import { type DenyReason, REASONS } from './reason.js'

/**
 * The credentials are refused. Carries a reason and nothing of the request: no token, key, MAC or header value.
 * Below the verifier code says no by throwing one; only the verifier catches.
 */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  readonly reason: DenyReason

  constructor(reason: DenyReason, options?: ErrorOptions) {
    super(REASONS[reason].title, options)
    this.reason = reason
  }
}

const prepared = new Map<DenyReason, CredentialError>()

/**
 * The one prepared error of a reason. A stack trace costs microseconds and says nothing here: a flood of bad tokens
 * must be cheap to refuse.
 */
export function refusal(reason: DenyReason): CredentialError {
  let error = prepared.get(reason)
  if (error === undefined) {
    error = new CredentialError(reason)
    error.stack = `CredentialError: ${error.message}`
    Object.freeze(error)
    prepared.set(reason, error)
  }
  return error
}

/** The user has to authenticate anew, and how: one of a policy, prepared with it. */
export class StepUpError extends CredentialError {
  readonly stepUp: StepUp

  constructor(stepUp: StepUp) {
    super('step_up_required')
    this.stepUp = stepUp
    this.stack = `CredentialError: ${this.message}`
    Object.freeze(this)
  }
}

/** An option is missing, wrong or dangerous. Thrown while the service is being set up, never at a request. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  /** The option's path, as in `schemes.bearer.issuers[0].audience`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`${option} ${problem}`)
    this.option = option
  }
}

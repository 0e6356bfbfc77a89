import { isThenable, withinSeconds } from '@countersign/core/issuance'
import { checkNames, checkScopes, type Entitlements, type Grant } from '../claims.js'
import { IssuanceError } from '../outcome.js'
import type { RefreshRequest } from './request.js'
import type { RefreshSettings } from './settings.js'

/**
 * What of a grant is asked for: never more than it has.
 *
 * @throws {IssuanceError} `client_mismatch`, `scope_widened`, `audience_not_allowed`
 */
export function narrowGrant(grant: Grant, { clientId, audience, scopes }: RefreshRequest): Grant {
  if (clientId !== grant.clientId) throw new IssuanceError('client_mismatch')
  return {
    ...grant,
    ...(audience === undefined ? {} : { audience: narrowAudience(grant.audience, audience) }),
    scopes: narrowNames(grant.scopes, scopes, 'scope_widened'),
  }
}

function narrowAudience(granted: readonly string[], asked: string | readonly string[]): readonly string[] {
  const audience = narrowNames(granted, typeof asked === 'string' ? [asked] : asked, 'audience_not_allowed')
  if (audience.length === 0) throw new IssuanceError('audience_not_allowed')
  return audience
}

/** Those that were asked for, in the order of the granted ones; all of them where none was named. */
export function narrowNames(
  granted: readonly string[] | undefined,
  asked: readonly string[] | undefined,
  refused: 'scope_widened' | 'role_widened' | 'audience_not_allowed',
): readonly string[] {
  const all = granted ?? []
  if (asked === undefined) return all
  if (!asked.every((name) => all.includes(name))) throw new IssuanceError(refused)
  return all.filter((name) => asked.includes(name))
}

/**
 * The grant with what its subject may do now.
 *
 * @throws {IssuanceError} `session_revoked`: the subject may do nothing any more; `entitlements_unavailable`
 */
export async function withEntitlements(
  asked: Grant,
  granted: Grant,
  { entitlements, timeoutSeconds }: RefreshSettings,
): Promise<Grant> {
  if (entitlements === undefined) return asked
  const now = await ask(() => entitlements(granted), timeoutSeconds)
  if (now === null) throw new IssuanceError('session_revoked')
  const { roles, scopes } = now
  return {
    ...asked,
    ...(roles === undefined ? {} : { roles: checkNames('roles', roles) }),
    ...(scopes === undefined
      ? {}
      : { scopes: (asked.scopes ?? []).filter((name) => checkScopes(scopes).includes(name)) }),
  }
}

async function ask(
  question: () => Entitlements | null | Promise<Entitlements | null>,
  timeoutSeconds: number,
): Promise<Entitlements | null> {
  const unavailable = () => new IssuanceError('entitlements_unavailable')
  try {
    const answer = question()
    const settled = isThenable(answer) ? await withinSeconds(answer, timeoutSeconds, unavailable) : answer
    // A function that forgot its answer must not leave roles as they were.
    if (settled === undefined) throw unavailable()
    return settled
  } catch (error) {
    throw error instanceof IssuanceError ? error : new IssuanceError('entitlements_unavailable', { cause: error })
  }
}

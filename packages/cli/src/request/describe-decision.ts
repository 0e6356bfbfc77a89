import { type Decision, REASONS } from '@countersign/core'
import type { Io } from '../io.js'
import { columns, painterFor, visible, visibleJson } from '../style.js'
import type { Explanation } from './explanation.js'
import type { RawRequest } from './raw-request.js'

/** What became of a captured request. */
export interface Outcome {
  readonly decision: Decision
  readonly request: RawRequest
  readonly explanation: Explanation
  /** Whether no issuer was given, so that nobody looked at a token. */
  readonly isTokenUnread: boolean
}

/** For people or machines. Repeats no header but those that the signed text holds. */
export function describeDecision(outcome: Outcome, isJson: boolean, io: Io): string {
  const notes = notesOf(outcome)
  return isJson ? asJson(outcome, notes) : asText(outcome, notes, io)
}

function notesOf({ request, isTokenUnread }: Outcome): readonly string[] {
  const hasToken = request.rawHeaders.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization')
  return [
    ...request.notes,
    ...(hasToken && isTokenUnread ? ['Nobody looked at the Authorization header: give --issuer, and --jwks.'] : []),
  ]
}

function asJson({ decision, explanation }: Outcome, notes: readonly string[]): string {
  const common = { ...explanation, notes }
  if (decision.outcome === 'deny') {
    const { outcome, reason, kind, status } = decision
    return `${visibleJson({ outcome, reason, kind, status, title: REASONS[reason].title, ...common })}\n`
  }
  const { principal, actor } = decision.auth ?? {}
  const told = (who: typeof principal) =>
    who && {
      id: who.id,
      scheme: who.scheme,
      roles: [...who.roles],
      scopes: [...who.scopes],
      keyId: who.keyId,
      issuer: who.issuer,
    }
  return `${visibleJson({ outcome: 'allow', principal: told(principal), actor: told(actor), ...common })}\n`
}

function asText({ decision, explanation }: Outcome, notes: readonly string[], io: Io): string {
  const paint = painterFor(io.stdout, io.env)
  const { signedText, hints } = explanation
  const text =
    signedText === undefined
      ? []
      : [
          '',
          paint('bold', 'The service computed the MAC of this text:'),
          ...signedText.map((line) => `  ${visible(line)}`),
        ]
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : ['', paint('bold', title), ...items.map((item) => `  - ${visible(item)}`)]
  const head =
    decision.outcome === 'allow' ? allowed(decision.auth, paint('green', 'Allowed')) : [denied(decision, paint)]
  return [...head, ...text, ...list('Hints', hints), ...list('Notes', notes), ''].join('\n')
}

function denied(
  { reason, status }: Extract<Decision, { outcome: 'deny' }>,
  paint: ReturnType<typeof painterFor>,
): string {
  return `${paint('red', 'Denied')}  ${reason} (${status}): ${REASONS[reason].title}`
}

function allowed(auth: Extract<Decision, { outcome: 'allow' }>['auth'], word: string): readonly string[] {
  const people = [['principal', auth?.principal] as const, ['actor', auth?.actor] as const]
  const rows = people.flatMap(([name, who]) => {
    if (who === undefined) return []
    const roles = who.roles.size === 0 ? 'no roles' : `roles ${[...who.roles].map(visible).join(', ')}`
    return [['', name, visible(who.id), `${who.scheme}, key ${visible(who.keyId ?? '')}`, roles]]
  })
  return [word, columns(rows).trimEnd()]
}

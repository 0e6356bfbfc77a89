import { type DenyReason, REASONS } from '@countersign/core'
import type { Io } from '../io.js'
import { columns, painterFor, visible, visibleJson } from '../style.js'
import { formatDistance, formatMoment } from '../time.js'
import type { TakenApart, TokenRules } from './check-token.js'

/** What is known of a token in the end. */
export interface Findings extends TakenApart {
  /** Anything but `not checked` only where a key was given. */
  readonly signature: 'not checked' | 'holds' | 'does not hold'
  /** What was not compared. */
  readonly open: readonly string[]
}

/** All but the token itself, for people or machines. */
export function describeToken(findings: Findings, rules: TokenRules, now: number, isJson: boolean, io: Io): string {
  return isJson ? asJson(findings) : asText(findings, rules, now, io)
}

/** `accepted` is said only of a token whose signature was verified. */
function verdictOf({ signature, reasons }: Findings): 'accepted' | 'refused' | 'unverified' {
  if (reasons.length > 0) return 'refused'
  return signature === 'holds' ? 'accepted' : 'unverified'
}

function asJson(findings: Findings): string {
  const { header, claims, signature, reasons, open } = findings
  const refusals = reasons.map((reason) => ({ reason, title: REASONS[reason].title }))
  return `${visibleJson({ verdict: verdictOf(findings), signature, refusals, notCompared: open, header, claims })}\n`
}

const TIMES = ['exp', 'nbf', 'iat', 'auth_time']

function asText(findings: Findings, rules: TokenRules, now: number, io: Io): string {
  const paint = painterFor(io.stdout, io.env)
  const { header = {}, claims = {}, signature, reasons, open } = findings
  const rows = (values: Readonly<Record<string, unknown>>) =>
    columns(Object.entries(values).map(([name, value]) => ['', visible(name), describeValue(name, value, now)]))
  const verdict = {
    refused: paint('red', 'Refused'),
    accepted: paint('green', 'Accepted: the signature holds'),
    unverified: paint(
      'yellow',
      'Not verified: nothing here speaks against it, and without a key nothing here is proven',
    ),
  }[verdictOf(findings)]
  return [
    `${paint('bold', 'Header')}\n${rows(header)}`,
    `${paint('bold', 'Claims')}\n${rows(claims)}`,
    `${verdict}\n${columns([
      ...reasons.map((reason) => ['', reason, `${REASONS[reason].title}${detailOf(reason, claims, rules, now)}`]),
      [
        '',
        'signature',
        verdictOf(findings) === 'unverified'
          ? 'not checked: give --key-file, --jwks, --public-key or a secret'
          : signature,
      ],
      ...open.map((text) => ['', 'open', text]),
    ])}`,
  ].join('\n')
}

function describeValue(name: string, value: unknown, now: number): string {
  const json = visibleJson(value)
  return TIMES.includes(name) && typeof value === 'number'
    ? `${json}  ${formatMoment(value)}, ${formatDistance(value, now)}`
    : json
}

function detailOf(
  reason: DenyReason,
  claims: Readonly<Record<string, unknown>>,
  rules: TokenRules,
  now: number,
): string {
  const exp = claims['exp']
  switch (reason) {
    case 'token_expired':
      return typeof exp === 'number' ? `: ${formatDistance(exp, now)}` : ''
    case 'issuer_invalid':
      return `: ${rules.issuer} is accepted`
    case 'audience_invalid':
      return `: ${rules.audience} is the audience here`
    case 'algorithm_not_allowed':
      return rules.algorithms === undefined ? '' : `: ${rules.algorithms.join(', ')} are`
    case 'claim_missing':
      return `: ${['exp', 'sub', 'iat'].filter((name) => !(name in claims)).join(', ')}`
    default:
      return ''
  }
}

import { describe, expect, it } from 'vitest'
import { type DenyKind, type DenyReason, isFailedTrial, REASONS } from '../src/reason.js'

/** The table as the outside relies on it: kind, status, reasons, and where the public code is another word. */
const PUBLISHED: readonly (readonly [DenyKind, number, string])[] = [
  [
    'credential',
    400,
    'malformed_credentials duplicate_header target_invalid token_too_large timestamp_malformed nonce_malformed aborted',
  ],
  [
    'credential',
    401,
    'missing_credentials token_malformed algorithm_not_allowed key_unknown key_inactive signature_invalid token_expired ' +
      'token_not_yet_valid token_too_old issuer_invalid audience_invalid token_type_invalid claim_missing claim_invalid ' +
      'token_revoked certificate_invalid certificate_unknown certificate_inactive timestamp_out_of_range replayed content_digest_mismatch binding_invalid',
  ],
  ['credential', 408, 'body_timeout'],
  ['credential', 413, 'body_too_large'],
  ['policy', 401, 'scheme_required step_up_required'],
  ['policy', 403, 'role_missing scope_missing policy_denied'],
  ['throttle', 429, 'throttled'],
  ['dependency', 503, 'keys_unavailable replay_store_unavailable revocation_unavailable'],
  ['internal', 500, 'internal'],
]

const COARSER: Readonly<Record<string, string>> = {
  key_unknown: 'signature_invalid',
  key_inactive: 'signature_invalid',
}

const rows = PUBLISHED.flatMap(([kind, status, names]) => names.split(' ').map((name) => [name, kind, status] as const))
const table: Readonly<Record<string, (typeof REASONS)[DenyReason]>> = REASONS

describe('a failed trial', () => {
  const trials = (Object.keys(REASONS) as DenyReason[]).filter(isFailedTrial)

  it('is a refusal of credentials that somebody tried to get in by, and no other', () => {
    expect(trials.join(' ')).toBe(
      'malformed_credentials duplicate_header target_invalid token_too_large token_malformed algorithm_not_allowed issuer_invalid ' +
        'audience_invalid token_type_invalid claim_missing claim_invalid key_unknown key_inactive signature_invalid ' +
        'certificate_invalid certificate_unknown timestamp_malformed nonce_malformed timestamp_out_of_range content_digest_mismatch replayed binding_invalid',
    )
  })

  it('is the same for keys that are unknown, inactive or not the one that signed', () => {
    expect(
      ['key_unknown', 'key_inactive', 'signature_invalid'].every((reason) => isFailedTrial(reason as DenyReason)),
    ).toBe(true)
  })
})

describe('the table of reasons', () => {
  it('holds these reasons and no other', () => {
    expect(Object.keys(REASONS).sort()).toEqual(rows.map(([name]) => name).sort())
  })

  it.each(rows)('%s is of kind %s and answers %i', (name, kind, status) => {
    expect(table[name]).toMatchObject({ kind, status, code: COARSER[name] ?? name })
  })

  it.each(Object.entries(REASONS))('the text of %s fits a challenge (RFC 6750 section 3)', (_, { title }) => {
    expect(title).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  it('reads the same in public whether a key is unknown, inactive or the signature wrong', () => {
    const { key_unknown, key_inactive, signature_invalid } = REASONS
    expect(key_unknown).toEqual(signature_invalid)
    expect(key_inactive).toEqual(signature_invalid)
  })

  it('offers a Bearer error for what a client can mend, by its status (RFC 6750 section 3.1)', () => {
    for (const [name, { kind, status, bearerError }] of Object.entries(REASONS)) {
      if (name === 'step_up_required') expect(bearerError, name).toBe('insufficient_user_authentication')
      else if (name === 'missing_credentials' || (kind === 'policy' && status === 401))
        expect(bearerError, name).toBeUndefined()
      else if (kind === 'policy') expect(bearerError, name).toBe('insufficient_scope')
      else if (kind === 'credential')
        expect(bearerError, name).toBe(status === 401 ? 'invalid_token' : 'invalid_request')
      else expect(bearerError, name).toBeUndefined()
    }
  })
})

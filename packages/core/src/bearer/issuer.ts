import { ConfigurationError } from '../errors.js'
import type { JwtAlgorithm, VerificationKeyLookup, VerificationKeySource } from '../key.js'
import { isSymmetric, JWT_ALGORITHMS } from '../keys/algorithms.js'
import { checkMembers, checkNumber, checkOneOf, checkTextOrNull, checkTexts } from '../options.js'
import type { SchemeSetup } from '../scheme.js'
import type { ClaimRules, TimeRules } from './claims.js'
import { type ClaimPath, checkRoleRules, type RoleRules, type ScopeClaim } from './roles.js'

/** One issuer whose tokens are accepted. */
export interface IssuerOptions {
  /** `iss`, compared exactly. `null` accepts tokens of any `iss` that these keys sign; then it must be the only issuer. */
  readonly issuer: string | null
  /** What the issuer signs with. HS and asymmetric algorithms never go together. */
  readonly algorithms: readonly JwtAlgorithm[]
  /** `staticKeys([…])`, `staticJwks({ keys })`, … */
  readonly keys: VerificationKeySource
  /**
   * The claim or claims with the roles: one path as a text, or a list of paths, in which a path of several names is a list again
   * (`[['resource_access', 'my.app', 'roles']]`). Default `roles`.
   */
  readonly roles?: ClaimPath | readonly ClaimPath[]
  /** The claim with the scopes. Default `scope`, space-delimited. */
  readonly scope?: ScopeClaim
  /** `at+jwt` asks for access tokens of RFC 9068 strictly. Default `any`: `at+jwt`, `JWT` or no `typ`. */
  readonly tokenType?: 'any' | 'at+jwt'
  /** `aud` where it is not the verifier's own audience. `null` accepts tokens for anybody. */
  readonly audience?: string | null
  /** Refuses tokens issued longer ago. Default `null`: `exp` decides. */
  readonly maxAgeSeconds?: number | null
  /** `null` accepts tokens without `exp`, which never end. Default `required`. */
  readonly expiry?: 'required' | null
  /** `required` refuses tokens that are not bound to the certificate of who presents them (RFC 8705). Default: those that are bound are checked. */
  readonly certificateBinding?: 'required'
}

/** An issuer, ready for tokens. */
export interface Issuer {
  readonly algorithms: ReadonlySet<string>
  readonly keys: VerificationKeyLookup
  readonly claims: ClaimRules
  readonly roles: RoleRules
  readonly times: TimeRules
  readonly isBindingRequired: boolean
}

/** @throws {ConfigurationError} naming the option */
export function openIssuer(setup: SchemeSetup, option: string, options: IssuerOptions, skewSeconds: number): Issuer {
  checkMembers(option, options, ISSUER_MEMBERS)
  const issuer = checkTextOrNull(`${option}.issuer`, options.issuer)
  const algorithms = checkAlgorithms(`${option}.algorithms`, options.algorithms)
  if (typeof options.keys?.open !== 'function')
    throw new ConfigurationError(`${option}.keys`, 'is required: staticKeys([…])')
  const audience =
    options.audience === undefined ? setup.audience : checkTextOrNull(`${option}.audience`, options.audience)
  const maxAgeSeconds = options.maxAgeSeconds ?? null
  if (maxAgeSeconds !== null) checkNumber(`${option}.maxAgeSeconds`, maxAgeSeconds, 1, 1e9)
  if (options.expiry !== undefined && options.expiry !== null)
    checkOneOf(`${option}.expiry`, options.expiry, ['required'])
  if (options.certificateBinding !== undefined)
    checkOneOf(`${option}.certificateBinding`, options.certificateBinding, ['required'])
  return {
    algorithms: new Set(algorithms),
    keys: options.keys.open({ clock: setup.clock, option: `${option}.keys`, algorithms }),
    claims: {
      issuer,
      audience,
      tokenType: checkOneOf(`${option}.tokenType`, options.tokenType ?? 'any', ['any', 'at+jwt']),
      expiryRequired: options.expiry !== null,
    },
    roles: checkRoleRules(option, options.roles, options.scope),
    times: { skewSeconds, maxAgeSeconds },
    isBindingRequired: options.certificateBinding === 'required',
  }
}

function checkAlgorithms(option: string, value: unknown): readonly JwtAlgorithm[] {
  const algorithms = checkTexts(option, value).map((name, index) =>
    checkOneOf(`${option}[${index}]`, name, JWT_ALGORITHMS),
  )
  const symmetric = algorithms.filter(isSymmetric).length
  if (symmetric > 0 && symmetric < algorithms.length) {
    throw new ConfigurationError(
      option,
      'mixes HS with asymmetric algorithms: a public key could then be used as a secret',
    )
  }
  return algorithms
}

const ISSUER_MEMBERS: readonly string[] = [
  'issuer',
  'algorithms',
  'keys',
  'roles',
  'scope',
  'tokenType',
  'audience',
  'maxAgeSeconds',
  'expiry',
  'certificateBinding',
] satisfies readonly (keyof IssuerOptions)[]

/** RFC 2119: how much a requirement binds. */
export type Level = 'MUST' | 'SHOULD' | 'MAY'

/** One promise, small enough to be seen kept or broken. */
export interface Requirement {
  /** Stable: a requirement that is given up leaves its id unused. */
  readonly id: string
  readonly level: Level
  /** Where it comes from: a standard, an advisory, or this project's own design. */
  readonly source: string
  readonly behaviour: string
}

const must = (id: string, source: string, behaviour: string): Requirement => ({ id, level: 'MUST', source, behaviour })
const should = (id: string, source: string, behaviour: string): Requirement => ({
  id,
  level: 'SHOULD',
  source,
  behaviour,
})

const ALGORITHMS: readonly Requirement[] = [
  must(
    'A01',
    'CVE-2015-9235, CVE-2022-23540; RFC 8725 section 3.2',
    'a token with alg none is refused: algorithm_not_allowed',
  ),
  must('A02', 'RFC 8725 section 3.1', 'algorithms are an allow-list: none is refused in every spelling'),
  must('A04', 'CVE-2016-10555, CVE-2022-23541', 'a public key is not taken as an HS secret'),
  must(
    'A06',
    'CVE-2026-22817, CVE-2026-22818, CVE-2026-39999',
    'a key of a JWK Set without alg is not taken as an HS secret',
  ),
  must('A08', 'RFC 7515 section 4.1.1', 'an alg that is absent or no string is refused: token_malformed'),
  must('A09', 'RFC 7518 section 3.4; CVE-2022-23539', 'an ES algorithm goes with its own curve only'),
  must('A10', 'RFC 8725 section 3.1', 'a key is good for one algorithm: algorithm_not_allowed for another'),
  must('A11', 'RFC 7515 section 4.1.1', 'alg is compared with its case and in full'),
]

const ENCODING: readonly Requirement[] = [
  must('B01', 'RFC 7515 section 7.1', 'a token that has not three segments is refused: token_malformed'),
  must('B03', 'RFC 7515 section 7.2', 'the JSON serializations are refused'),
  must('B05', 'RFC 7515 section 2', 'base64url with padding is refused'),
  must('B06', 'RFC 4648 section 3.5', 'base64url with spare bits set is refused: one token has one spelling'),
  must('B08', 'RFC 7515 section 2', 'characters outside base64url are refused'),
  must('B09', 'RFC 7515 section 4, RFC 7519 section 4', 'a name that stands twice in header or claims is refused'),
  must('B11', 'RFC 7515 section 4.1.11; CVE-2025-59420, CVE-2026-32597', 'a token with crit is refused'),
  must('B13', 'RFC 7797', 'a token with b64 is refused'),
  must('B15', 'RFC 7519 section 7.2', 'claims or a header that are no JSON object are refused, never a 500'),
  must('B16', 'RFC 8725 sections 2.7 and 3.3', 'nested and compressed tokens are refused and nothing is inflated'),
]

const CLAIMS: readonly Requirement[] = [
  must('C01', 'RFC 9068 section 2.2', 'a token without exp is refused: claim_missing'),
  must('C02', 'RFC 7519 section 2; CVE-2026-44459', 'an exp that is no finite number is refused: claim_invalid'),
  must('C04', 'RFC 7519 section 4.1.4', 'exp is over on the second it names, plus the skew'),
  must('C06', 'RFC 7519 sections 4.1.5 and 4.1.6', 'nbf and iat may be ahead by the skew and no more'),
  must('C08', 'RFC 7519 section 4.1.3; CVE-2025-62610', 'a token without aud is refused: audience_invalid'),
  must(
    'C09',
    'RFC 7519 section 4.1.3; CVE-2020-26160',
    'aud is a string or a list of strings that has this service in it',
  ),
  must('C11', 'CVE-2025-30144, CVE-2024-53861', 'iss is one string, whole'),
  must('C12', 'RFC 9068 section 4, RFC 7519 section 7.3', 'iss is compared code point by code point'),
  must('C13', 'RFC 9068 section 4, RFC 8725 section 3.11', 'a typ of something else than an access token is refused'),
  must('C15', 'RFC 7519 section 4.1.2, RFC 9068 section 2.2', 'sub is a string of 1 to 1024 characters'),
  must('C17', 'CVE-2024-51744', 'a forged token is told as forged, whatever else is wrong with it'),
  must('C18', 'CVE-2026-35039', 'a token that was verified before lends its signature to no other'),
]

const ROLES: readonly Requirement[] = [
  must('D01', 'DESIGN section 5', 'a role is an element of a list or a lone string, never a part of one'),
  must('D02', 'DESIGN section 5', 'roles are compared code point by code point; a claim of another form grants none'),
  must('D04', 'RFC 6749 section 3.3', 'scopes are delimited by spaces and compared whole'),
  must('D06', 'RFC 9700 section 4.13', 'identity headers of the client grant nothing'),
  must('D08', 'DESIGN section 4', 'all of a list, or any of it, is asked for as the policy says'),
  must('D09', 'RFC 8693 section 4.2', 'only the configured claim, in the configured form, grants scopes'),
  must(
    'D10',
    'RFC 6750 section 3.1',
    'a 403 says insufficient_scope and the scope wanted, and nothing of what is held',
  ),
]

const KEYS: readonly Requirement[] = [
  must('E01', 'CVE-2018-0114, CVE-2026-27962', 'a key that stands in the token is not taken'),
  must('E02', 'RFC 8725 section 3.10', 'an address that stands in the token is not asked'),
  must('E04', 'RFC 8725 section 3.10', 'kid is looked up and nothing else: key_unknown'),
  must('E07', 'RFC 7515 section 4.1.4', 'a kid that is no string of 1 to 256 characters is refused: token_malformed'),
  must('E09', 'RFC 7517 sections 4.2 and 4.3', 'a JWK that is not for verifying stops the start'),
  must('E11', 'RFC 7518 section 3.2', 'an HS secret shorter than its hash stops the start'),
  must('E12', 'RFC 8725 section 3.8', 'a token is verified with the keys of its own issuer only'),
  must('F01', 'CVE-2022-21449', 'an ECDSA signature with r or s outside its range is refused'),
  must('F02', 'RFC 7518 section 3.4', 'an ES256 signature has exactly 64 octets'),
  must('F06', 'CVE-2024-21491', 'an HS tag of another length is refused and never compared in part'),
  must('F07', 'DESIGN section 5', 'an over-long signature is refused before it is decoded'),
]

const SIGNATURES: readonly Requirement[] = [
  must('G01', 'DESIGN section 5', 'no byte can move between body and timestamp'),
  must('G03', 'RFC 9421 section 7.2.1', 'a signature covers method, path and query'),
  must('G06', 'CVE-2025-65945', 'a signature covers key id, timestamp and nonce'),
  must('G07', 'CVE-2026-25223', 'a signature covers the content type'),
  must('G08', 'DESIGN section 5', 'a signature covers every byte of the body: content_digest_mismatch'),
  must('G10', 'DESIGN section 5', 'a timestamp is ten digits, the first not 0: timestamp_malformed'),
  must('G12', 'DESIGN section 5', 'a timestamp is at most 300 s away in either direction: timestamp_out_of_range'),
  must('G13', 'DESIGN section 5', 'a MAC in another form is a wrong MAC: signature_invalid, never a 500'),
  must('G15', 'CVE-2026-33143', 'a secret that is absent, empty or short stops the start'),
  must('G16', 'DESIGN section 5', 'one MAC is compared, with at most four keys'),
  must('G17', 'DESIGN section 4', 'two keys of one client are good while their periods overlap'),
  must('G19', 'DESIGN section 5', 'the body of a GET or a DELETE is covered'),
]

const REPLAY: readonly Requirement[] = [
  must('H01', 'DESIGN section 5', 'a signed request is accepted once, for as long as its timestamp is acceptable'),
  must('H02', 'DESIGN section 5', 'of equal requests at once exactly one is accepted'),
  must('H05', 'DESIGN section 5', 'a nonce is remembered only when everything else holds'),
  must('H11', 'DESIGN section 5', 'a full or failing store refuses with 503 and forgets no live nonce'),
]

const HEADERS: readonly Requirement[] = [
  must('I01', 'RFC 6750 section 2', 'two Authorization headers are refused: duplicate_header'),
  must('I03', 'RFC 6750 sections 2 and 2.3', 'a token in the query is none, and refused beside one in the header'),
  must('I04', 'DESIGN section 5', 'a signature header that stands twice is refused: duplicate_header'),
  must(
    'I06',
    'RFC 9110 section 11.1, RFC 6750 section 2.1',
    'the scheme name is case-insensitive, one space follows, other schemes are none',
  ),
  must('I08', 'RFC 9110 section 5.5', 'bytes outside ASCII in security headers are refused, never a 500'),
  must('I09', 'RFC 9112 sections 5 and 6', 'a message that is not well-formed never reaches a handler'),
  must('I11', 'RFC 9112 section 3.2.2', 'an absolute target that names another host is refused: target_invalid'),
  must('I12', 'CVE-2026-3635', 'forwarding headers are not part of what is verified'),
]

const ROUTES: readonly Requirement[] = [
  must('J01', 'CVE-2026-22031, CVE-2026-22037', 'an encoded path does not pass by the guard'),
  must('J02', 'CVE-2026-2880, CVE-2026-33804, CVE-2026-33808', 'lenient routing does not pass by the guard'),
  must('J05', 'DESIGN section 1', 'case and a trailing slash do not pass by the guard on Express'),
  must('J06', 'RFC 9110 section 9.3.2', 'HEAD is guarded as GET is'),
  must('J08', 'CVE-2025-29927', 'headers that name another method or path are ignored'),
  must('J09', 'DESIGN section 1', 'a Fastify route that the plugin does not cover stops the start'),
  must('J11', 'DESIGN section 1', 'nothing runs behind a guard that refuses'),
  must('J13', 'CVE-2026-47676', 'the path as sent is verified, under a mounted prefix too'),
  must('J15', 'RFC 9110 section 7.8', 'an upgrade is guarded before it switches'),
]

const BODIES: readonly Requirement[] = [
  must('K01', 'CVE-2025-32442, CVE-2026-25223, CVE-2026-33806', 'any content type is covered as it was sent'),
  must('K03', 'DESIGN section 1', 'a handler gets the bytes that were verified'),
  must('K05', 'RFC 9112 section 8', 'a body that does not match its length, or breaks off, is refused'),
  must('K08', 'DESIGN section 1', 'uploads of any type are covered whole'),
  must('K09', 'RFC 9112 section 7.1', 'transfer coding does not change what is verified'),
  must('L01', 'CVE-2025-61920; DESIGN section 5', 'a token has at most 8192 bytes: token_too_large'),
  must('L02', 'CVE-2025-30204, CVE-2025-27144', 'a token of nothing but separators is refused'),
  must('L08', 'CVE-2026-35041, GHSA-3j8v-cgw4-2g6q', 'issuers and audiences are strings, never patterns'),
  must('L10', 'DESIGN section 5', 'lists as long as a token can carry are decided'),
]

const RECORDS: readonly Requirement[] = [
  must('M01', 'CWE-117', 'values of the client are escaped and cut to length'),
  must('M02', 'OWASP Logging Cheat Sheet', 'no secret, token, MAC or nonce stands in a reply or a record'),
  must('M04', 'DESIGN section 6', 'unknown keys, inactive keys and wrong MACs read the same'),
  must('M06', 'RFC 6750 section 3.1', 'a challenge to a request without credentials tells no error'),
  must('M08', 'RFC 9457 section 3.1', 'a denial is problem+json with the status it has, not to be stored'),
  must('M10', 'DESIGN section 7', 'every decision is on record once; of throttled attempts as many as THR-06 says'),
  must('AUD-01', 'DESIGN section 7', 'a record has the fixed keys and no others'),
  must('AUD-02', 'DESIGN section 7', 'a record names the key that was presented, and a principal only when verified'),
  must(
    'AUD-03',
    'DESIGN section 7',
    'a public route leaves no record, an optional one without credentials is anonymous',
  ),
  must('AUD-04', 'DESIGN section 7', 'an allowance is info, a denial warn, a dependency or internal failure error'),
  must('AUD-05', 'DESIGN section 2', 'a sink observes: what it throws changes no decision'),
  must('AUD-07', 'DESIGN section 8', 'a request id of the wrong form is not taken over'),
  must('AUD-06', 'DESIGN section 7', 'a value of the client has at most 256 characters in a record'),
]

const THROTTLING: readonly Requirement[] = [
  must('THR-01', 'RFC 6585 section 4', 'one failure too many is throttled: 429, the seconds to wait, and no reason'),
  must('THR-02', 'DESIGN section 1', 'no failures of others refuse good credentials'),
  must(
    'THR-03',
    'DESIGN section 6',
    'failed credentials count; absent, genuine but old ones, policies and allowances do not',
  ),
  must('THR-04', 'RFC 7239 section 8.1', 'an address is what the framework is told to trust, whatever headers say'),
  must('THR-05', 'CWE-204', 'a key id counts whether there is such a key or not'),
  must('THR-06', 'CWE-779', 'records of throttled attempts are bounded, and none is unaccounted for'),
  must('THR-07', 'DESIGN section 1', 'a throttle that throws, rejects or answers nonsense changes no answer'),
  must('THR-08', 'CWE-770', 'names that are tried fill no memory'),
]

const CONFIGURATION: readonly Requirement[] = [
  must('N01', 'RFC 8725 sections 3.1 and 3.9', 'no algorithms, issuer, audience or keys stop the start; null opts out'),
  must('N03', 'DESIGN section 1', 'a duration or size that is no number in its bounds stops the start'),
  must('N05', 'CVE-2021-21378', 'bad credentials beside good ones are refused: no falling through'),
  must('N07', 'DESIGN section 1', 'replay protection that is not spoken of stops the start'),
  must('N08', 'DESIGN section 1', 'a store that throws, rejects or answers nonsense is a 503'),
  must('N09', 'DESIGN section 1', 'where no key is active, health says so and requests are answered with 503'),
  must('CFG-01', 'DESIGN section 5', 'duplicate key ids, equal secrets and keys of both profiles stop the start'),
  must('CFG-02', 'DESIGN section 5', 'HS and asymmetric algorithms under one issuer stop the start'),
  must('CFG-03', 'RFC 8725 section 3.1', 'a key that does not fit, is weak, private or ambiguous stops the start'),
  must('CFG-04', 'DESIGN section 4', 'a policy that is none stops the start'),
  must('CFG-05', 'DESIGN section 1', 'an unknown option and a circular hierarchy stop the start'),
]

const POLICIES: readonly Requirement[] = [
  must('POL-01', 'DESIGN section 8', 'a role includes those that the hierarchy puts below it'),
  must('POL-02', 'DESIGN section 4', 'a principal has the roles its credentials carry, not those implied'),
  must('POL-03', 'DESIGN section 5', 'a signature binds the Authorization beside it'),
  must('POL-04', 'DESIGN section 4', 'a public route does not look at credentials'),
  must('POL-05', 'DESIGN section 8', 'a path without a route answers 401 to a request without credentials'),
  must('POL-06', 'DESIGN section 4', 'a user alone, or a service alone, is the principal'),
  must('POL-07', 'RFC 8693 section 1.1; DESIGN section 4', 'a service beside a user is the actor'),
  must('POL-08', 'DESIGN section 4', 'requirements of actor and principal are not mixed up'),
  must(
    'POL-09',
    'DESIGN section 6',
    'credentials of another scheme are answered with scheme_required and the challenge of the one asked for',
  ),
  must('POL-10', 'DESIGN section 4', 'optional: absent credentials are anonymous, bad ones refused'),
  must('POL-11', 'DESIGN section 5', 'a stale signature beside a good token is refused'),
  must('POL-12', 'DESIGN section 5', 'an Authorization of another scheme is covered and gives nobody'),
  must('POL-13', 'DESIGN section 1', 'a check that does not say true denies, one that throws is internal'),
]

const CERTIFICATES: readonly Requirement[] = [
  must(
    'MTLS-01',
    'RFC 8446 section 4.4.2; X509-SVID section 5',
    'the holder of a listed certificate is the principal, nobody else',
  ),
  must(
    'MTLS-02',
    'RFC 8446 section 4.4.2.4; DESIGN section 1',
    'a certificate that TLS did not accept is refused: certificate_invalid',
  ),
  must('MTLS-03', 'X509-SVID section 5.2', 'a certificate with more than one SPIFFE ID is refused'),
  must('MTLS-04', 'RFC 5280 section 4.1.2.5', 'a certificate is judged by the verifier’s clock at each request'),
  must('MTLS-05', 'RFC 5280 section 3.3', 'a revoked certificate is refused: certificate_inactive'),
  must(
    'MTLS-06',
    'RFC 9440 sections 2.4 and 4',
    'Client-Cert counts from listed socket addresses only, and is refused from others',
  ),
  must(
    'MTLS-07',
    'RFC 9440 section 2.2, RFC 9651 section 3.3.5',
    'Client-Cert stands once and is one byte sequence of one certificate',
  ),
  must(
    'MTLS-08',
    'RFC 8693 section 1.1; DESIGN section 4',
    'a service whose connection carries a user token is the actor',
  ),
  must('MTLS-09', 'DESIGN section 4', 'a signature over a connection of another service is refused: binding_invalid'),
  must('MTLS-10', 'RFC 9110 section 15.5.2', 'a 401 that only a certificate could mend has a challenge too'),
  must('MTLS-11', 'DESIGN section 1', 'clients without a list, and names that no certificate can have, stop the start'),
]

const AUTHENTICATION: readonly Requirement[] = [
  must(
    'O05',
    'RFC 8705 section 3, RFC 9449 section 7.2',
    'a token that is bound to a certificate needs that certificate, one that is bound to anything else is refused: binding_invalid',
  ),
  must(
    'O07',
    'RFC 9470 section 3',
    'an acr or auth_time that is too weak, absent or none is answered with insufficient_user_authentication and what would do',
  ),
]

const WIRE: readonly Requirement[] = [
  must('WIRE-01', 'DESIGN section 5', 'RS256, PS256, ES256, EdDSA and HS256 tokens are accepted'),
  should('WIRE-02', 'RFC 7515 section 4.1.4', 'a token without kid is verified with the one key of its algorithm'),
  must('WIRE-03', 'DESIGN section 4', 'a key is good in its first and its last second and not beyond'),
  must('WIRE-04', 'DESIGN section 5', 'a signature is good for one audience'),
  must('WIRE-05', 'DESIGN section 5', 'the target is covered as it was sent'),
  must('WIRE-06', 'DESIGN section 5', 'every method can be signed'),
  must('WIRE-07', 'DESIGN section 5', 'the key decides between sha256 and sha512'),
  must('WIRE-08', 'DESIGN section 5', 'every signature header is needed and has its grammar'),
  must('WIRE-09', 'DESIGN section 5', 'body-timestamp covers body and timestamp, and needs both headers'),
  must('WIRE-10', 'DESIGN section 5', 'the key decides the profile, never the request'),
  must('WIRE-11', 'DESIGN section 5', 'a signed body has at most 1 MiB: body_too_large'),
  must('WIRE-12', 'RFC 9110 section 10.2.3', 'a 503 says when to try again and challenges nobody'),
  must('WIRE-13', 'DESIGN section 5', 'body-timestamp requests can be repeated: refusing that is opt-in'),
  must('WIRE-14', 'RFC 9110 section 5.1', 'names of signature headers are case-insensitive'),
  must('WIRE-15', 'DESIGN section 5', 'the digest is of the bytes after content coding'),
  must('WIRE-16', 'DESIGN section 8', 'a body that is not signed reaches the handler untouched'),
  must('WIRE-18', 'RFC 9112 section 9.3', 'a refused request leaves its connection to the next one'),
  must('WIRE-17', 'RFC 9110 section 11.6.1', 'a 401 has one challenge for each scheme that would do'),
]

const REGRESSIONS: readonly Requirement[] = [
  must('REG-01', 'fast-jwt, @fastify/jwt', 'a token without iss, aud or exp does not pass'),
  must('REG-08', 'express-oauth2-jwt-bearer', 'optional with garbage is not anonymous; two spaces are malformed'),
  must('REG-09', 'express-jwt', 'a preflight that names authorization does not run the handler'),
  must('REG-10', 'hmac-auth-express', 'a changed text body and a replay are refused, exact JSON bytes accepted'),
  must('REG-11', 'http-message-signatures', 'a signature is not good for another method and path'),
  must('REG-12', 'stripe', 'a timestamp a year ahead is refused'),
  must('REG-13', 'standardwebhooks', 'a binary payload is accepted, once'),
  must('REG-14', 'okta', 'a scope is not satisfied by one that it begins'),
  must('REG-15', 'fastify-guard', 'a user without a role claim is a 403, not a 500'),
  must('REG-16', '@fastify/auth', 'of alternatives the failure of the credentials in use is told'),
  must('REG-17', '@fastify/bearer-auth', 'bearer in lower case is accepted'),
  must('REG-18', 'body-parser', 'a body of any content type is verified before a handler runs'),
  must('REG-20', 'express-jwt-authz', 'all of the listed scopes are asked for where the policy says all'),
]

/** Everything that is promised, by family. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...ALGORITHMS,
  ...ENCODING,
  ...CLAIMS,
  ...ROLES,
  ...KEYS,
  ...SIGNATURES,
  ...REPLAY,
  ...HEADERS,
  ...ROUTES,
  ...BODIES,
  ...RECORDS,
  ...THROTTLING,
  ...CONFIGURATION,
  ...POLICIES,
  ...AUTHENTICATION,
  ...CERTIFICATES,
  ...WIRE,
  ...REGRESSIONS,
]

/** Known attacks that do not apply to what is here, and why. */
export const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  E06: 'keys are made once, at start; there is no function that resolves one at a request',
  E14: 'needs a remote JWK Set',
  E16: 'needs a remote JWK Set',
  E18: 'needs a remote JWK Set; overlapping static keys are G17 and WIRE-03',
  G22: 'timing is measured, not asserted: the comparison is timingSafeEqual, and an unknown key id takes the same MAC',
  H07: 'needs a store outside the process: tested with a real one in packages/redis; a failing store is N08',
  H09: 'needs a store outside the process: tested with a real one in packages/redis; answers other than true are N08',
  J14: 'policies do not look at path parameters',
  L04: 'memory is measured in benchmarks; the token cache keeps verified tokens only',
  L06: 'encrypted tokens have five segments and are refused by B01',
  O01: 'RFC 9421 signatures are not offered',
  O03: 'RFC 9421 signatures are not offered',
  'REG-02': 'needs a remote JWK Set',
  'REG-03': 'needs a remote JWK Set',
  'REG-04': 'needs a remote JWK Set',
  'REG-05': 'needs a remote JWK Set',
  'REG-06': 'needs a remote JWK Set',
  'REG-07': 'needs a remote JWK Set',
  'REG-19': 'there is one place, auth, and both adapters write it: POL-06',
}

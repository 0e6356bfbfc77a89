// What a tool needs that explains a decision: the checks of the river, one by one. None of them verifies a signature.
export {
  type CheckedClaims,
  type ClaimRules,
  checkClaims,
  checkTimes,
  checkType,
  type TimeRules,
} from './bearer/claims.js'
export { type ProtectedHeader, parseObject, parseToken, type UnverifiedToken } from './bearer/token.js'
export { checkContentSha256 } from './body/digest.js'
export { type BodyTimestampParameters, type RequestParameters, readParameters } from './hmac/parameters.js'
export { singleField } from './http/field.js'
export { pathAndQuery } from './http/target.js'
export { type HmacKey, type HmacKeyLookup, type KeyWindow, keyState } from './key.js'
export { checkStrength, fits, isSymmetric, JWT_ALGORITHMS } from './keys/algorithms.js'

// What a signer needs: the wire format of HMAC-signed requests, the one that the verifier uses.
export { canonicalText, type SignedFields } from './canonical.js'
export { bodyTimestampMac, requestMac } from './mac.js'
export { HMAC_HEADERS, NONCE, TIMESTAMP } from './parameters.js'
export { contentSha256 } from '../body/digest.js'
export { checkSecret, type SecretInput, secretKey } from '../keys/secret.js'
export { checkMembers, checkOneOf, checkText, checkTextOrNull } from '../options.js'
export { HMAC_KEY_ID, type HmacAlgorithm, type HmacProfile, LEAST_SECRET_BYTES } from '../key.js'

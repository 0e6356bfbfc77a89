// What every adapter needs of core beside the verifier: the raw body of a node:http message, and the prefix a proxy strips.
export { discardBody, readBody } from './body/read.js'
export { checkExternalPrefix, withExternalPrefix } from './http/external-prefix.js'

// What every adapter needs of core beside the verifier: the raw body of a node:http message, the prefix a proxy strips, the client's certificate.
export { discardBody, readBody } from './body/read.js'
export { checkExternalPrefix, withExternalPrefix } from './http/external-prefix.js'
export { peerCertificateOf } from './mtls/peer-certificate.js'

// For adapters: what a view says of a connection.
export { peerCertificateOf } from './peer-certificate.js'

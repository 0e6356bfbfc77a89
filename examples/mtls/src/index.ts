export { type Authority, type CertificateRequest, createAuthority, issue, trustAnchor } from './authority.js'
export { filesOf, replaceFile, type ServiceName, writeCertificates } from './certificate-files.js'

export { createSigner, type RequestToSign, type SignatureHeaders, type Signer, type SignerOptions } from './signer.js'
export { type SignedFetch, type SignedFetchOptions, type SignedRequestInit, signedFetch } from './fetch.js'

// What a store needs whose data are elsewhere: to wait, to check its options, to say how it is, and what an entry means.
export { isThenable, withinSeconds } from '../deadline.js'
export { checkInteger, checkMembers, checkNumber, checkText } from '../options.js'
export {
  type KeptRevocation,
  type ReadRevocation,
  type RevocationKind,
  readRevocation,
  revocationNames,
  revokes,
} from '../revocation/entry.js'
export { hasStoreListeners, publishStoreEvent } from './store-events.js'

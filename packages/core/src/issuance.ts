// What an issuer needs beside keys and policies: to check its options, to wait, to tell signing algorithms apart.
export { isThenable, withinSeconds } from './deadline.js'
export { ALGORITHMS, checkStrength, fits, isSymmetric, JWT_ALGORITHMS } from './keys/algorithms.js'
export {
  checkBoolean,
  checkInteger,
  checkMembers,
  checkNumber,
  checkOneOf,
  checkText,
  checkTexts,
} from './options.js'

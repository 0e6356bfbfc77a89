// What an adapter needs to own the raw body of a node:http message.
export { discardBody, readBody } from './read.js'

// Writes the vector files beside it: `node generate.mjs`. Running it again changes nothing.
//
// It shares no code with packages/core, which is tested against what this writes. Keys that cannot be derived are kept in
// keys.json. ECDSA and RSA-PSS signatures are random, so a token whose signed text did not change is taken over from the
// bearer.json that is already there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { bearer } from './generate/bearer.mjs'
import { bodyTimestamp } from './generate/body-timestamp.mjs'
import { canonicalTextFile } from './generate/canonical-text.mjs'
import { jwtKeys } from './generate/jwt-keys.mjs'
import { format, WARNING } from './generate/lib.mjs'
import { requestMac } from './generate/request-mac.mjs'
import { target } from './generate/target.mjs'

const path = (name) => new URL(name, import.meta.url)
const read = (name) => (existsSync(path(name)) ? JSON.parse(readFileSync(path(name), 'utf8')) : {})
const write = (name, value) => writeFileSync(path(name), `${format(value)}\n`)

const keys = jwtKeys(read('keys.json').jwt ?? {})
const asymmetric = Object.values(keys).filter((key) => key.privateJwk)

write('keys.json', {
  warning: WARNING,
  jwt: Object.fromEntries(asymmetric.map((key) => [key.algorithm, key.privateJwk])),
})
write('target.json', target(keys))
write('canonical-text.json', canonicalTextFile())
write('request-mac.json', requestMac())
write('body-timestamp.json', bodyTimestamp())
write('bearer.json', bearer(keys, read('bearer.json')))

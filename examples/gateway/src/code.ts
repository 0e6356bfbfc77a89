import { totpCode } from './login/totp.js'

/* `node code.js SECRET`: the code that an authenticator app would show now, for whoever tries the demo without one. */

const [secret] = process.argv.slice(2)
if (secret === undefined || !/^[A-Z2-7]{16,}$/.test(secret)) {
  console.error('usage: node code.js SECRET (in Base32)')
  process.exit(2)
}
console.log(totpCode(secret, Date.now() / 1000))

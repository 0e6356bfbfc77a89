import { UsageError } from './errors.js'

/*
 * What stands on a command line is read by every process of the machine and kept by the shell's history. So no option takes a secret, and an
 * argument that looks like one is refused before anything else looks at it.
 */

const SECRET_OPTION =
  /^--(secret|secret-key|hmac-key|hmac-secret|key|private-key|passphrase|password|pass|token|jwt|bearer|access-token|api-key|authorization|kek|mac|signature)(=|$)/
const TOKEN = /eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/
const PRIVATE_PEM = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/
const PRIVATE_JWK = /"(d|k)"\s*:\s*"[A-Za-z0-9_-]{16,}"/
const CREDENTIAL_FIELD = /^\s*((proxy-)?authorization|cookie|x-api-key|x-auth-token|api-key)\s*:/i
const CREDENTIAL_URL =
  /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:[^/?#]*@|[?&](access_token|id_token|token|api_?key|secret|password|client_secret)=./i
const HEX = /^[0-9a-f]{32,}$/i
const BASE64 = /^[A-Za-z0-9+/_-]{22,}={0,2}$/

const SECRET_INSTEAD = 'Give it by --secret-env NAME, --secret-file FILE or --secret-stdin; see --help.'
const TOKEN_INSTEAD =
  'Pipe it in or name a file: countersign token inspect FILE, countersign sign … --token-file FILE or --token-env NAME.'
const BODY_INSTEAD = 'Give the body by --data-file FILE, or - for standard input.'
const URL_INSTEAD = 'Leave the credentials out of the URL.'

/** The options whose value may be a name made of random characters, as many `kid`s are. */
const NAMING = new Set(['--kid', '--key-id'])
/** The commands whose argument is such a name. */
const NAMING_COMMANDS = new Set(['keys rotate', 'keys retire'])

/**
 * Refuses a command line that holds what looks like a secret.
 *
 * @throws {UsageError} which does not repeat it
 * Does NOT recognise a secret that is made of words.
 */
export function refuseSecrets(args: readonly string[]): void {
  const isNamingCommand = NAMING_COMMANDS.has(args.slice(0, 2).join(' '))
  for (const [index, argument] of args.entries()) {
    const option = SECRET_OPTION.exec(argument)?.[1]
    if (option !== undefined)
      throw new UsageError(
        `There is no --${option}: a secret never stands on the command line`,
        /token|jwt|bearer|authorization/.test(option) ? TOKEN_INSTEAD : SECRET_INSTEAD,
      )
    const inOption = /^(--[a-z-]+)=/.exec(argument)?.[1]
    const name = inOption ?? (args[index - 1]?.startsWith('--') ? args[index - 1] : undefined)
    const value = inOption === undefined ? argument : argument.slice(inOption.length + 1)
    const kind = kindOf(value, isNamingCommand || (name !== undefined && NAMING.has(name)))
    if (kind !== undefined)
      throw new UsageError(
        `Argument ${index + 1} looks like ${kind.name}`,
        name === '--data' ? BODY_INSTEAD : kind.instead,
      )
  }
}

interface Kind {
  readonly name: string
  readonly instead: string
}

function kindOf(value: string, mayBeName: boolean): Kind | undefined {
  if (TOKEN.test(value)) return { name: 'a token', instead: TOKEN_INSTEAD }
  if (PRIVATE_PEM.test(value) || PRIVATE_JWK.test(value)) return { name: 'a private key', instead: SECRET_INSTEAD }
  if (CREDENTIAL_FIELD.test(value)) return { name: 'a header with credentials', instead: TOKEN_INSTEAD }
  if (CREDENTIAL_URL.test(value)) return { name: 'a URL with credentials', instead: URL_INSTEAD }
  if (mayBeName) return undefined
  return HEX.test(value) || (BASE64.test(value) && isRandom(value))
    ? { name: 'a secret', instead: SECRET_INSTEAD }
    : undefined
}

/** Whether upper case, lower case and digits change places as often as in random characters, and seldom in words, names and paths. */
function isRandom(text: string): boolean {
  const classes = [...text.replace(/[^A-Za-z0-9]/g, '')].map((character) =>
    /[a-z]/.test(character) ? 'a' : /[A-Z]/.test(character) ? 'A' : '0',
  )
  if (!classes.includes('a') || !classes.includes('A')) return false
  return classes.filter((name, index) => index > 0 && name !== classes[index - 1]).length > classes.length * 0.3
}

import type { Logger } from 'pino'
import { LiveIdentity } from './live-identity.js'
import { onceAMinute } from './once-a-minute.js'

type Environment = Readonly<Record<string, string | undefined>>

const SETTINGS = ['TLS_CERTIFICATE_FILE', 'TLS_KEY_FILE', 'TLS_CA_FILE'] as const
/** Whose authority names the services. */
export const TRUST_DOMAIN = 'example.test'

/** The name of a service in its certificate. */
export const spiffeId = (service: string): string => `spiffe://${TRUST_DOMAIN}/${service}`

/**
 * Mutual TLS between services, where `TLS_CERTIFICATE_FILE`, `TLS_KEY_FILE` and `TLS_CA_FILE` are all set; `undefined` where none is.
 *
 * @throws {Error} naming those that are missing; files that TLS does not take
 */
export function openIdentity(
  log: Logger,
  environment: Environment = process.env,
  reloadSeconds = 5,
): LiveIdentity | undefined {
  const [certificate = '', key = '', authorities = ''] = SETTINGS.map((name) => environment[name])
  if (SETTINGS.every((name) => environment[name] === undefined)) return undefined
  const missing = SETTINGS.filter((name) => !environment[name])
  if (missing.length > 0) throw new Error(`settings: for mutual TLS these are missing: ${missing.join(', ')}`)
  const tell = onceAMinute((count, reason) => log.warn({ count, reason }, 'new certificates not taken: the old stay'))
  try {
    const files = { certificate, key, authorities }
    return new LiveIdentity({ files, reloadSeconds, onRefused: (error) => tell(String(error)) })
  } catch (error) {
    throw new Error(`settings: TLS does not take the files of ${SETTINGS.join(', ')}`, { cause: error })
  }
}

/** @throws {Error} the address of a service is not https although there is a certificate to show */
export function checkServiceUrl(name: string, url: string, identity: LiveIdentity | undefined): void {
  if (identity !== undefined && !url.startsWith('https://'))
    throw new Error(`${name} must be https: services talk over mutual TLS`)
}

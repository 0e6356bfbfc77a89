import { ConfigurationError } from '../errors.js'
import { checkInteger, checkMembers, checkNumber, checkOneOf } from '../options.js'
import type { Fetch } from './fetch-json.js'
import { type RemoteRuntime, SYSTEM_RUNTIME } from './remote-runtime.js'

/** How a key set is had from elsewhere. Everything has a default that is safe. */
export interface RemoteJwksOptions {
  /** How long a set is fresh where the server does not say. It is asked for again ahead of that. Default 600; 10 to 86 400. */
  readonly refreshSeconds?: number
  /** `honour`: `max-age` of the server decides, from 60 seconds to 24 hours. `ignore`: `refreshSeconds` does. Default `honour`. */
  readonly cacheControl?: 'honour' | 'ignore'
  /** How long a set may be used after it was fresh, while no new one can be had. Then: 503. Default 3600; 0 to 604 800. */
  readonly maxStaleSeconds?: number
  /** A `kid` that is not in the set is looked up once in this time, however many are asked for. Default 30; 1 to 3600. */
  readonly cooldownSeconds?: number
  /** For a whole refresh: connecting, headers and bodies. Default 5; 0.1 to 60. */
  readonly timeoutSeconds?: number
  /** The largest document, after content coding. Default 262 144; 1024 to 16 777 216. */
  readonly limitBytes?: number
  /** The most members of a set; one with more is refused whole. Default 100; 1 to 1000. */
  readonly limitKeys?: number
  /** Takes `http:` beyond the loopback interface: whoever is on the way can then sign tokens. Default `false`. */
  readonly allowInsecureHttp?: boolean
  /** Default: the global `fetch`. It is called with `redirect: 'manual'` and a signal. */
  readonly fetch?: Fetch
  /** For tests: time and chance. */
  readonly runtime?: Partial<RemoteRuntime>
}

export type RemoteSettings = Required<Omit<RemoteJwksOptions, 'runtime'>> & { readonly runtime: RemoteRuntime }

export function checkRemoteOptions(
  option: string,
  options: RemoteJwksOptions,
  others: readonly string[] = [],
): RemoteSettings {
  checkMembers(option, options, [...MEMBERS, ...others])
  const { fetch, allowInsecureHttp = false, runtime = {} } = options
  if (fetch !== undefined && typeof fetch !== 'function')
    throw new ConfigurationError(`${option}.fetch`, 'must be a function')
  if (typeof allowInsecureHttp !== 'boolean') {
    throw new ConfigurationError(`${option}.allowInsecureHttp`, 'must be true or false')
  }
  checkMembers(`${option}.runtime`, runtime, ['monotonic', 'random', 'after'])
  return {
    refreshSeconds: checkNumber(`${option}.refreshSeconds`, options.refreshSeconds ?? 600, 10, 86_400),
    cacheControl: checkOneOf(`${option}.cacheControl`, options.cacheControl ?? 'honour', ['honour', 'ignore']),
    maxStaleSeconds: checkNumber(`${option}.maxStaleSeconds`, options.maxStaleSeconds ?? 3600, 0, 604_800),
    cooldownSeconds: checkNumber(`${option}.cooldownSeconds`, options.cooldownSeconds ?? 30, 1, 3600),
    timeoutSeconds: checkNumber(`${option}.timeoutSeconds`, options.timeoutSeconds ?? 5, 0.1, 60),
    limitBytes: checkInteger(`${option}.limitBytes`, options.limitBytes ?? 262_144, 1024, 16_777_216),
    limitKeys: checkInteger(`${option}.limitKeys`, options.limitKeys ?? 100, 1, 1000),
    allowInsecureHttp,
    // Looked up at each call: what replaces the global one is then used.
    fetch: fetch ?? ((url, init) => globalThis.fetch(url, init)),
    runtime: { ...SYSTEM_RUNTIME, ...runtime },
  }
}

/** An absolute URL that may be asked for keys: `https:`, or `http:` where that is allowed or stays on this machine. */
export function checkRemoteUrl(option: string, value: unknown, allowInsecureHttp: boolean): URL {
  const text = value instanceof URL ? value.href : value
  if (typeof text !== 'string' || !URL.canParse(text)) throw new ConfigurationError(option, 'must be an absolute URL')
  const url = new URL(text)
  const problem = urlProblem(url, allowInsecureHttp)
  if (problem !== undefined) throw new ConfigurationError(option, problem)
  return url
}

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/** Why a URL may not be asked for keys; `undefined` where it may. */
export function urlProblem(url: URL, allowInsecureHttp: boolean): string | undefined {
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.hash !== '') return 'must not have a fragment'
  if (url.protocol === 'https:') return undefined
  if (url.protocol !== 'http:') return 'must be https'
  return allowInsecureHttp || LOOPBACK.test(url.hostname)
    ? undefined
    : 'must be https: over http whoever is on the way can put keys in (allowInsecureHttp: true takes it all the same)'
}

const MEMBERS: readonly string[] = [
  'refreshSeconds',
  'cacheControl',
  'maxStaleSeconds',
  'cooldownSeconds',
  'timeoutSeconds',
  'limitBytes',
  'limitKeys',
  'allowInsecureHttp',
  'fetch',
  'runtime',
] satisfies readonly (keyof RemoteJwksOptions)[]

import type { Clock, RevocationStore, SecretInput, Verifier } from '@countersign/core'
import type { RefreshStore, SigningKeySource } from '@countersign/issuer'
import type { HttpLimits, LiveIdentity } from '@countersign-example/kit'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { UserStore } from './users/store.js'

export interface GatewayOptions {
  readonly port: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** `iss` of the tokens. */
  readonly issuer: string
  /** What tokens are signed with, for ES256. */
  readonly signingKeys: SigningKeySource
  /** Where users are. Whoever opened it closes it, after the gateway. */
  readonly users: UserStore
  /** From which the pepper of passwords and the key of device cookies are made: what the store was filled with. At least 32 bytes. */
  readonly usersKey: string
  /** Scheme, host and port of the services, without a slash at the end. */
  readonly ordersUrl: string
  readonly inventoryUrl: string
  /** Call the services over mutual TLS, with this certificate. Absent: whatever their URLs say, without one. */
  readonly identity?: LiveIdentity | undefined
  /** What requests to orders are signed with, and those to inventory. */
  readonly gatewaySecret: SecretInput
  readonly gatewayInventorySecret: SecretInput
  /** Told of the verifier before a request comes: metrics are made of it. */
  readonly observe?: (verifier: Verifier) => void
  /** Scheme, host and port under which browsers know this gateway: https, or http on a loopback address. Default: the address it listens on. */
  readonly publicOrigin?: string
  /**
   * Cookies without `Secure` and `__Host-`, which everybody between browser and gateway can read and replace. Only for a `publicOrigin` of plain http on
   * a loopback address.
   */
  readonly dangerouslyInsecureCookies?: boolean
  /** Proxies whose `X-Forwarded-For` says where a request comes from. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Shared by all gateways: failures, sessions, revocations. Default: each in this process. */
  readonly redis?: Redis
  readonly refreshStore?: RefreshStore
  readonly revocation?: RevocationStore
  readonly log?: Logger
  /** How long a client may take. */
  readonly limits?: HttpLimits
  readonly clock?: Clock
}

const LOOPBACK_HTTP = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?$/

/**
 * Whether cookies are to be `Secure`.
 *
 * @throws {Error} an origin that is none, plain http that leaves this machine, insecure cookies anywhere but on a loopback address
 */
export function checkCookieOptions(options: GatewayOptions): boolean {
  const { host = '127.0.0.1', dangerouslyInsecureCookies: insecure = false } = options
  const { publicOrigin = `http://${host.includes(':') ? `[${host}]` : host}` } = options
  if (!URL.canParse(publicOrigin) || new URL(publicOrigin).origin !== publicOrigin)
    throw new Error('publicOrigin must be scheme, host and port, as https://shop.example')
  const isLoopbackHttp = LOOPBACK_HTTP.test(publicOrigin)
  if (!publicOrigin.startsWith('https:') && !isLoopbackHttp)
    throw new Error('publicOrigin must be https; plain http is for loopback addresses only')
  if (insecure && !isLoopbackHttp)
    throw new Error('dangerouslyInsecureCookies is for plain http on a loopback address only')
  return !insecure
}

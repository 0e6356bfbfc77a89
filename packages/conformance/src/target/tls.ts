import type { TlsOptions } from 'node:tls'
import { memoryRevocation, mutualTls, type VerifierOptions } from '@countersign/core'
import { echo, ROUTES, type TargetRoute } from './echo.js'
import type { ServerCredentials } from './server.js'

/** A target that asks for client certificates. Not one of the command's: it is for probes. */
export interface TlsTarget {
  /** Addresses whose `Client-Cert` is taken. */
  readonly tlsProxies?: readonly string[]
  /** Thumbprints of certificates that were revoked. */
  readonly revoked?: readonly string[]
}

/** Lets every certificate through, for what TLS refuses no verifier ever sees. */
export function tlsOptions(credentials: ServerCredentials): TlsOptions {
  return { ...credentials, requestCert: true, rejectUnauthorized: false }
}

/** What of the verifier is otherwise than behind plain HTTP. */
export function tlsVerifierOptions({ tlsProxies, revoked = [] }: TlsTarget): Omit<VerifierOptions, 'audience'> {
  const revocation = memoryRevocation()
  for (const keyId of revoked) revocation.revoke({ scheme: 'mtls', keyId })
  const clients = [
    { name: 'spiffe://target.test/billing', client: 'billing', roles: ['orders:write'] },
    { name: 'spiffe://target.test/gateway', client: 'gateway', roles: ['gateway'] },
  ]
  return {
    schemes: [mutualTls({ identity: 'spiffe', clients })],
    revocation,
    ...(tlsProxies === undefined ? {} : { tlsProxies }),
  }
}

/** Beside the target's own. */
const TLS_ROUTES: readonly TargetRoute[] = [
  { path: '/certificate', policy: { scheme: 'mtls' }, handler: echo },
  { path: '/on-behalf', policy: { scheme: 'bearer', actor: { scheme: 'mtls', anyRole: ['gateway'] } }, handler: echo },
]

export function routesOf(tls: TlsTarget | undefined): readonly TargetRoute[] {
  return tls === undefined ? ROUTES : [...ROUTES, ...TLS_ROUTES]
}

import {
  type AuditRecord,
  bearer,
  createVerifier,
  type IssuerOptions,
  type RequestView,
  type VerificationKeySource,
  type Verifier,
} from '@countersign/core'
import { onTestFinished } from 'vitest'
import { AUDIENCE, ISSUER } from './jwks-server.js'

/** A verifier of bearer tokens, as a service has one, that keeps its records. */
export interface Service {
  readonly verifier: Verifier
  readonly records: readonly AuditRecord[]
  /** `allow`, or the status and the reason. */
  verdict(token: string): Promise<string>
}

export function serviceOf(issuers: readonly IssuerOptions[]): Service {
  const records: AuditRecord[] = []
  const write = (record: object) => void records.push(record as AuditRecord)
  const verifier = createVerifier({
    audience: AUDIENCE,
    schemes: [bearer({ issuers })],
    audit: { info: write, warn: write, error: write },
  })
  onTestFinished(() => verifier.close())
  return {
    verifier,
    records,
    async verdict(token) {
      const decision = await verifier.verify(viewOf(token), 'authenticated')
      return decision.outcome === 'allow' ? 'allow' : `${decision.status} ${decision.reason}`
    },
  }
}

/** A service that takes ES256 tokens of {@link ISSUER}. */
export function serviceOn(keys: VerificationKeySource): Service {
  return serviceOf([{ issuer: ISSUER, algorithms: ['ES256'], keys }])
}

function viewOf(token: string): RequestView {
  return {
    method: 'GET',
    target: '/orders',
    rawHeaders: ['Host', 'target.test', 'Authorization', `Bearer ${token}`],
    readBody: () => Buffer.alloc(0),
    framework: 'core',
  }
}

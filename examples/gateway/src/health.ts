import type { Verifier } from '@countersign/core'
import type { TokenIssuer } from '@countersign/issuer'
import { type Front, healthReport } from '@countersign-example/kit'
import type { FastifyInstance } from 'fastify'
import type { UserStore } from './users/store.js'

export interface HealthParts {
  readonly verifier: Verifier
  readonly front: Front
  readonly issuer: TokenIssuer
  readonly store: UserStore
}

/** `GET /health`: 200 where somebody could log in, refresh and be verified now, 503 where not. */
export function healthRoute(app: FastifyInstance, { verifier, front, issuer, store }: HealthParts): void {
  app.get('/health', { config: { auth: 'public' } }, async (_request, reply) => {
    const [report, issuing, users] = await Promise.all([healthReport(verifier, front), issuer.health(), store.ready()])
    const ready = report.body.ready && issuing.ready && users
    return reply.code(ready ? 200 : 503).send({ ...report.body, ready, issuer: issuing.ready, users })
  })
}

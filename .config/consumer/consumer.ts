import { createSigner, type Signer } from '@countersign/client'
import {
  type AuditRecord,
  createVerifier,
  type Decision,
  hmac,
  keyRing,
  memoryReplayStore,
  type Policy,
} from '@countersign/core'
import { canonicalText } from '@countersign/core/hmac'
import { countersign as expressAuth } from '@countersign/express'
import countersign from '@countersign/fastify'
import express from 'express'
import fastify from 'fastify'

const secret = 'a secret of thirty-two bytes ....'
const verifier = createVerifier({
  audience: 'orders',
  schemes: [hmac({ keys: keyRing([{ id: 'billing', client: 'billing', secret }]), replay: memoryReplayStore() })],
  audit: null,
})
const policy: Policy = { anyRole: ['orders:read'] }

const app = fastify()
await app.register(countersign, { verifier })
app.get('/orders', { config: { auth: policy } }, (request): string => request.auth.principal.id)
// @ts-expect-error a policy that is none
app.get('/wrong', { config: { auth: { anyRole: 'orders:read' } } }, () => 'never')

const auth = expressAuth({ verifier })
const router = auth.router()
router.get('/orders', policy, (req, res) => {
  const id: string = req.auth.principal.id
  res.send(id)
})
// @ts-expect-error a router's verb without a policy
router.get('/forgotten', (_req, res) => res.send('never'))
express().use(auth(policy)).use(router)

export const signer: Signer = createSigner({ keyId: 'billing', secret, audience: 'orders' })
export const text: typeof canonicalText = canonicalText
export function reasonOf(decision: Decision): string | undefined {
  return decision.outcome === 'deny' ? decision.reason : undefined
}
export function isAttempt(record: AuditRecord): boolean {
  return record.event === 'auth.attempt'
}

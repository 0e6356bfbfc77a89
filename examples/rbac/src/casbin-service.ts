import { fileURLToPath } from 'node:url'
import type { SchemeOptions } from '@countersign/core'
import { createVerifier } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { type Enforcer, newEnforcer } from 'casbin'
import Fastify, { type FastifyInstance } from 'fastify'
import { casbinCheck } from './casbin-check.js'

const MODEL = fileURLToPath(new URL('../policy/model.conf', import.meta.url))
const POLICY = fileURLToPath(new URL('../policy/policy.csv', import.meta.url))

export interface CasbinService {
  readonly app: FastifyInstance
  /** `await enforcer.loadPolicy()` reads the policy file again. */
  readonly enforcer: Enforcer
}

/** A Fastify service in which casbin decides about every route. */
export async function casbinService(
  schemes: readonly SchemeOptions[],
  policyFile: string = POLICY,
): Promise<CasbinService> {
  const enforcer = await newEnforcer(MODEL, policyFile)
  const verifier = createVerifier({
    audience: 'orders',
    schemes,
    checks: { casbin: casbinCheck(enforcer) },
    audit: null,
  })
  const app = Fastify()
  // Of every route, so that none can be forgotten; a role may still be asked for at a route beside it.
  await app.register(countersign, { verifier, defaultPolicy: { check: 'casbin' } })
  app.get('/orders', () => [{ id: '7' }])
  app.get<{ Params: { id: string } }>('/orders/:id', (request) => ({ id: request.params.id }))
  app.delete('/orders/:id', (_request, reply) => reply.code(204).send())
  app.get('/reports', () => ({ secret: true }))
  return { app, enforcer }
}

import type { Readable } from 'node:stream'
import type { Signer } from '@countersign/client'
import type { Policy } from '@countersign/core'
import type { LiveIdentity } from '@countersign-example/kit'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NOT_FOUND, type Problem, sendProblem } from '../problem.js'
import { headersFromService, headersToService } from './headers.js'
import { targetAtService } from './target.js'

/** A service behind the gateway. */
export interface ProxiedService {
  readonly name: string
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** Where it stands here, and what stands there instead. */
  readonly prefix: string
  readonly rewritePrefix: string
  readonly methods: readonly string[]
  /** What the gateway itself asks; the service decides about the rest. */
  readonly policy: Policy
  readonly signer: Signer
  /** What it is called with, over mutual TLS. */
  readonly identity: LiveIdentity | undefined
  /** The user's token as this service takes it; a problem where there is none. */
  tokenFor(userToken: string, request: FastifyRequest): Promise<string | Problem>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What goes on to the service behind: set before a request is proxied. */
    onward: { readonly target: string; readonly token: string } | null
  }
}

const BODY_LIMIT_BYTES = 1_048_576
const TIMEOUT_MS = 10_000
const TIMEOUTS = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, connect: { timeout: TIMEOUT_MS } }
export const UNUSABLE: Problem = { status: 502, code: 'service_unusable', title: 'The service behind cannot be used' }

/**
 * Passes requests on to a service as "the gateway on behalf of the user": with the user's token, under a signature of the gateway over target,
 * token and body, the bytes as they came.
 */
export async function proxyTo(app: FastifyInstance, service: ProxiedService): Promise<void> {
  const { url: upstream, prefix, rewritePrefix, methods, policy } = service
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    const raw = { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES } as const
    scope.addContentTypeParser('*', raw, (_request, body, done) => done(null, body))
    scope.addHook('preHandler', (request, reply) => prepare(request, reply, service))
    await scope.register(httpProxy, {
      ...{ upstream, prefix, rewritePrefix, httpMethods: [...methods], config: { auth: policy } },
      ...{ proxyPayloads: false, disableRequestLogging: true, destroyAgent: true },
      undici: service.identity?.agent(TIMEOUTS) ?? TIMEOUTS,
      replyOptions: { rewriteHeaders: headersFromService },
      handler(request, reply, dest, options) {
        const { body } = request
        const sent = Buffer.isBuffer(body) ? { body, contentType: contentTypeOf(request) } : {}
        return reply.from(dest, {
          ...options,
          ...sent,
          rewriteRequestHeaders: () => signedHeaders(request, service.signer),
          onResponse: (_request, _reply, response) => passOn(reply, response),
          onError(_reply, { error }) {
            request.log.error({ error: error.name, service: service.name }, 'a service does not answer')
            sendProblem(reply, UNUSABLE)
          },
          // By default a 503 is asked again, with the same signature: its nonce is good once.
          retryDelay: () => null,
        })
      },
    })
  })
}

async function prepare(request: FastifyRequest, reply: FastifyReply, service: ProxiedService): Promise<unknown> {
  const target = targetAtService(request.url, service.prefix, service.rewritePrefix)
  if (target === undefined) return sendProblem(reply, NOT_FOUND)
  // Verified before: `Bearer`, one space, the token.
  const userToken = (request.headers.authorization ?? '').slice('Bearer '.length)
  const token = await service.tokenFor(userToken, request)
  if (typeof token !== 'string') return sendProblem(reply, token)
  request.onward = { target, token }
  return undefined
}

function signedHeaders(request: FastifyRequest, signer: Signer): Record<string, string> {
  const { onward, method, body } = request
  if (onward === null) throw new Error('The request was not prepared')
  const sent = { ...headersToService(request.headers), authorization: `Bearer ${onward.token}` }
  if (!Buffer.isBuffer(body)) return { ...sent, ...signer.sign({ method, url: onward.target, headers: sent }) }
  const typed = { ...sent, 'content-type': contentTypeOf(request) }
  return {
    ...typed,
    'content-length': String(body.length),
    ...signer.sign({ method, url: onward.target, headers: typed, body }),
  }
}

/** The user's token was good here, so a 401 of the service is a matter between the two, unless it asks the user for more. */
function passOn(reply: FastifyReply, { statusCode, stream }: { statusCode: number; stream: Readable }): void {
  if (statusCode !== 401 || reply.hasHeader('www-authenticate')) {
    reply.send(stream)
    return
  }
  stream.destroy()
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  sendProblem(reply, UNUSABLE)
}

function contentTypeOf({ headers }: FastifyRequest): string {
  return headers['content-type'] ?? 'application/octet-stream'
}

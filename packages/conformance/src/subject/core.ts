import { type AuditLogger, type AuditRecord, CredentialError, type Decision, type RequestView } from '@countersign/core'
import { type Certificates, certificates } from '../foreign/certificates.js'
import { sha256 } from '../foreign/sign.js'
import { openReplay } from '../target/replay.js'
import { requestIdSent } from '../target/server.js'
import { routesOf } from '../target/tls.js'
import { createTargetVerifier } from '../target/verifier.js'
import type { ProbeRequest, Subject, SubjectOptions } from './subject.js'

/** Core without a framework: a request becomes a view, a decision becomes an answer. */
export async function coreSubject({ now, replayEntries, throttle, tls }: SubjectOptions): Promise<Subject> {
  const clients = tls === undefined ? undefined : (await certificates()).clients
  const routes = routesOf(tls)
  const records: AuditRecord[] = []
  const handlerRuns: string[] = []
  const write = (record: object) => void records.push(record as AuditRecord)
  const audit: AuditLogger = { info: write, warn: write, error: write }
  const { replay } = openReplay(undefined, replayEntries)
  const verifier = createTargetVerifier({ clock: () => now, audit, replay, throttle, tls })
  return {
    name: 'core',
    records,
    handlerRuns,
    async exchange(request) {
      const route = routes.find(({ path }) => path === pathOf(request.target))
      const view = viewOf(request, route?.path, clients)
      const decision = await verifier.verify(view, route?.policy ?? 'authenticated')
      if (decision.outcome === 'allow') handlerRuns.push(requestIdSent(view) ?? '')
      return answer(request, decision, route !== undefined)
    },
    close: () => verifier.close(),
  }
}

function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] as string
}

function viewOf(
  { method = 'GET', target, headers = [], body, host, certificate }: ProbeRequest,
  route: string | undefined,
  clients: Certificates['clients'] | undefined,
) {
  const rawHeaders = [
    'Host',
    host ?? 'target.test',
    ...headers.flatMap(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')]),
  ]
  const bytes = Buffer.from((body ?? '') as Uint8Array)
  return {
    method,
    target,
    rawHeaders,
    route,
    framework: 'core',
    ip: '127.0.0.1',
    remoteAddress: '127.0.0.1',
    peerCertificate: certificate && clients?.[certificate],
    readBody({ limitBytes }) {
      if (bytes.length > limitBytes) throw new CredentialError('body_too_large')
      return bytes
    },
  } satisfies RequestView
}

function answer({ method = 'GET', target, body = '' }: ProbeRequest, decision: Decision, isRouted: boolean): string {
  if (decision.outcome === 'deny') {
    const { status, headers, body: text } = decision.reply
    const lines = Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}`),
    )
    return `HTTP/1.1 ${status} -\r\n${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : text}`
  }
  const { auth } = decision
  const echoed = {
    auth:
      auth === null ? null : { principal: described(auth.principal), actor: auth.actor ? described(auth.actor) : null },
    method,
    target,
    contentLength: Buffer.from(body as Uint8Array).length,
    contentSha256: sha256(body),
  }
  const text = JSON.stringify(isRouted ? echoed : { error: 'not_found' })
  return `HTTP/1.1 ${isRouted ? 200 : 404} -\r\n\r\n${method === 'HEAD' ? '' : text}`
}

function described({
  id,
  scheme,
  roles,
  scopes,
}: NonNullable<Extract<Decision, { outcome: 'allow' }>['auth']>['principal']) {
  return { id, scheme, roles: [...roles], scopes: [...scopes] }
}

import { type AuditLogger, type AuditRecord, CredentialError, type Decision, type RequestView } from '@countersign/core'
import { sha256 } from '../foreign/sign.js'
import { ROUTES } from '../target/echo.js'
import { openReplay } from '../target/replay.js'
import { requestIdSent } from '../target/server.js'
import { createTargetVerifier } from '../target/verifier.js'
import type { ProbeRequest, Subject, SubjectOptions } from './subject.js'

/** Core without a framework: a request becomes a view, a decision becomes an answer. */
export function coreSubject({ now, replayEntries, throttle }: SubjectOptions): Subject {
  const records: AuditRecord[] = []
  const handlerRuns: string[] = []
  const write = (record: object) => void records.push(record as AuditRecord)
  const audit: AuditLogger = { info: write, warn: write, error: write }
  const { replay } = openReplay(undefined, replayEntries)
  const verifier = createTargetVerifier({ clock: () => now, audit, replay, throttle })
  return {
    name: 'core',
    records,
    handlerRuns,
    async exchange(request) {
      const route = ROUTES.find(({ path }) => path === pathOf(request.target))
      const view = viewOf(request, route?.path)
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

function viewOf({ method = 'GET', target, headers = [], body, host }: ProbeRequest, route: string | undefined) {
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

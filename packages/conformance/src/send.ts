import assert from 'node:assert/strict'
import type { AuditRecord } from '@countersign/core'
import { codeOf, type Expectation } from './expectation.js'
import { NOW } from './foreign/mint.js'
import type { Header } from './foreign/sign.js'
import { secretsOf } from './secrets.js'
import { startSubject } from './subject/start.js'
import type { ProbeRequest, Subject, SubjectName, SubjectOptions } from './subject/subject.js'
import { bytesOf } from './subject/wire.js'

export interface Answer {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: string
  readonly record: AuditRecord | undefined
  /** The values of a header, as often as it stands. */
  all(name: string): readonly string[]
  /** The body, as JSON. */
  json(): Record<string, unknown>
}

/** An answer to be compared with those of the other frameworks. */
export interface LedgerEntry {
  readonly request: string
  /** All bytes but those of the Date header. */
  readonly answer: string
  /** Status and body: what core by itself has as well. */
  readonly essence: string
}

/**
 * One subject in the hands of one probe. Every request goes through `send`, which holds the invariants: (a) a handler ran
 * only where that was expected, (b) one audit record, with the reason, (c) no secret in any output, and it keeps what was
 * answered for (d), the comparison between frameworks.
 */
export class ProbeTarget {
  readonly #subject: Subject
  readonly #name: string
  readonly #ledger: LedgerEntry[]
  readonly #opened: Subject[]

  constructor(subject: Subject, probeName: string, ledger: LedgerEntry[] = [], opened: Subject[] = []) {
    this.#subject = subject
    this.#name = probeName
    this.#ledger = ledger
    this.#opened = opened
  }

  get subject(): SubjectName {
    return this.#subject.name
  }

  get ledger(): readonly LedgerEntry[] {
    return this.#ledger
  }

  /** Another subject of the same kind, by another clock or with another store. */
  async fresh(options: Partial<SubjectOptions>): Promise<ProbeTarget> {
    const subject = await startSubject(this.subject, { now: NOW, ...options })
    this.#opened.push(subject)
    return new ProbeTarget(subject, this.#name, this.#ledger, this.#opened)
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((subject) => subject.close()))
  }

  async send(request: ProbeRequest, expected: Expectation): Promise<Answer> {
    const [requestId, identified] = this.#identify(request)
    const runs = this.#subject.handlerRuns.length
    const raw = await this.#subject.exchange(identified)
    return this.#check(request, requestId, runs, raw, expected)
  }

  /** Bytes as they stand; `{id}` in them becomes the request's id. On frameworks only. */
  async sendBytes(text: string, expected: Expectation): Promise<Answer> {
    const requestId = this.#nextId()
    const runs = this.#subject.handlerRuns.length
    const raw = (await this.#subject.exchangeBytes?.(Buffer.from(text.replace('{id}', requestId), 'latin1'))) ?? ''
    return this.#check({ target: text.split('\r\n', 1)[0] as string }, requestId, runs, raw, expected)
  }

  /** The same request several times at once; the expectations are those of the outcomes in any order. */
  async race(request: ProbeRequest, times: number): Promise<readonly AuditRecord[]> {
    const attempts = Array.from({ length: times }, () => this.#identify(request))
    await Promise.all(attempts.map(([, identified]) => this.#subject.exchange(identified)))
    return attempts.flatMap(([id]) => this.#recordsOf(id))
  }

  /** Sends a request and hangs up before all of it is there; resolves when the attempt is on record. */
  async abandon(request: ProbeRequest, keepBytes: number): Promise<readonly AuditRecord[]> {
    const [requestId, identified] = this.#identify(request)
    await this.#subject.abandon?.(
      bytesOf(identified).subarray(0, -keepBytes),
      () => this.#recordsOf(requestId).length > 0,
    )
    return this.#recordsOf(requestId)
  }

  #nextId(): string {
    return `${this.#name}.${this.#ledger.length}.${this.#sent++}`
  }

  #sent = 0

  #identify(request: ProbeRequest): [string, ProbeRequest] {
    const requestId = this.#nextId()
    return [requestId, { ...request, headers: [...(request.headers ?? []), ['x-request-id', requestId]] }]
  }

  #recordsOf(requestId: string): readonly AuditRecord[] {
    return this.#subject.records.filter((record) => record.requestId === requestId)
  }

  #check(request: ProbeRequest, requestId: string, runs: number, raw: string, expected: Expectation): Answer {
    const records = this.#recordsOf(requestId)
    const answer = parse(raw, records[0])
    const what = `${request.method ?? 'GET'} ${request.target.slice(0, 80)}`
    const seen = { status: answer.status, outcome: records[0]?.outcome ?? 'none', reason: records[0]?.reason }
    const { status, outcome, reason } = expected
    assert.deepEqual(seen, { status, outcome, reason }, what)
    assert.equal(records.length, outcome === 'none' ? 0 : 1, `${what}: audit records`)
    assert.equal(this.#subject.handlerRuns.length - runs, expected.served ? 1 : 0, `${what}: handler runs`)
    for (const secret of secretsOf(request)) {
      assert.ok(!raw.includes(secret), `${what}: a secret stands in the reply`)
      assert.ok(!JSON.stringify(records).includes(secret), `${what}: a secret stands in the audit record`)
    }
    if (reason !== undefined && expected.told !== false) checkProblem(request, answer, requestId, expected)
    if (expected.principal !== undefined && request.method !== 'HEAD') checkAuth(answer, expected)
    this.#ledger.push({
      request: what,
      answer: expected.compared === false ? '' : raw.replace(/^Date: .*\r\n/gim, ''),
      essence: expected.compared === false ? '' : `${answer.status} ${answer.body}`,
    })
    return answer
  }
}

/** RFC 9457 section 3.1, RFC 9110 section 15.5.2: what every denial says, and what none may say. */
function checkProblem(request: ProbeRequest, answer: Answer, requestId: string, { status, reason }: Expectation): void {
  assert.deepEqual(answer.all('content-type'), ['application/problem+json'])
  assert.deepEqual(answer.all('cache-control'), ['no-store'])
  if (status === 401) assert.ok(answer.all('www-authenticate').length > 0, 'a 401 offers a challenge')
  assert.deepEqual(answer.all('retry-after').length, status === 503 || status === 429 ? 1 : 0)
  if (request.method === 'HEAD') {
    assert.equal(answer.body, '')
    return
  }
  const { type, title, ...rest } = answer.json()
  assert.deepEqual(rest, { status, code: reason === undefined ? undefined : codeOf(reason), requestId })
  assert.ok(typeof type === 'string' && typeof title === 'string')
}

function checkAuth(answer: Answer, { principal, actor }: Expectation): void {
  const auth = answer.json()['auth'] as { principal: { id: string }; actor: { id: string } | null } | null
  if (principal === null) {
    assert.equal(auth, null)
    return
  }
  assert.equal(auth?.principal.id, principal)
  assert.equal(auth?.actor?.id ?? null, actor ?? null)
}

function parse(raw: string, record: AuditRecord | undefined): Answer {
  const end = raw.indexOf('\r\n\r\n')
  const [first = '', ...lines] = raw.slice(0, end).split('\r\n')
  const headers = lines.map((line): Header => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const body = raw.slice(end + 4)
  return {
    status: Number(first.split(' ')[1]),
    headers,
    body,
    record,
    all: (name) => headers.filter(([candidate]) => candidate === name).map(([, value]) => value),
    json: () => JSON.parse(Buffer.from(body, 'latin1').toString('utf8')),
  }
}

import { type Json, mint, type TokenOptions } from './foreign/mint.js'
import { type Covered, type Header, type SignOptions, signRequest } from './foreign/sign.js'
import type { ProbeRequest } from './subject/subject.js'

/** A request with a bearer token. */
export function withToken(target: string, token: string, more: Partial<ProbeRequest> = {}): ProbeRequest {
  return withAuthorization(target, `Bearer ${token}`, more)
}

export function withAuthorization(target: string, value: string, more: Partial<ProbeRequest> = {}): ProbeRequest {
  return { target, ...more, headers: [['authorization', value], ...(more.headers ?? [])] }
}

/** A request with a good token but for these claims and options. */
export function asUser(target: string, claims: Json = {}, options: TokenOptions = {}): ProbeRequest {
  return withToken(target, mint(claims, options))
}

export interface SignedRequest extends Partial<Covered>, SignOptions {
  readonly headers?: readonly Header[]
  readonly framing?: 'length' | 'chunked'
}

/** A request signed with a key of the target: by `billing`, a POST to `/service`, unless told otherwise. */
export function asService(options: SignedRequest = {}): ProbeRequest {
  const { method = 'POST', target = '/service', body, contentType, authorization, headers = [], framing } = options
  const covered: Covered = { method, target, body, contentType, authorization }
  return {
    method,
    target,
    headers: [
      ...(contentType === undefined ? [] : [['content-type', contentType] as const]),
      ...(authorization === undefined ? [] : [['authorization', authorization] as const]),
      ...signRequest(covered, options),
      ...headers,
    ],
    ...(body === undefined ? {} : { body }),
    ...(framing === undefined ? {} : { framing }),
  }
}

/** The same request with one header set to another value; `undefined` takes it out. */
export function withHeader(request: ProbeRequest, name: string, value: string | undefined): ProbeRequest {
  const others = (request.headers ?? []).filter(([candidate]) => candidate !== name)
  return { ...request, headers: value === undefined ? others : [...others, [name, value]] }
}

/** A text as the Latin-1 characters of its UTF-8 bytes: what a header value is on the wire. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** What the load generator sends. */
export type Load = 'GET RS256' | 'GET HS256' | 'POST HMAC'

export interface HttpContender {
  readonly name: string
  /** Which of the servers of http-servers.ts answers. */
  readonly server: string
  readonly load: Load
}

export interface HttpScenario {
  readonly title: string
  /** The first is the bare framework, which reads the same requests and asks nothing of them. */
  readonly contenders: readonly HttpContender[]
}

const get = (name: string, server: string, algorithm: 'RS256' | 'HS256'): HttpContender => {
  return { name: `${name}, ${algorithm}`, server, load: `GET ${algorithm}` }
}

export const HTTP_SCENARIOS: readonly HttpScenario[] = [
  {
    title: 'Fastify, GET with a repeated token',
    contenders: [
      { name: 'bare', server: 'fastify', load: 'GET RS256' },
      get('countersign', 'fastify countersign', 'RS256'),
      get('countersign', 'fastify countersign', 'HS256'),
      get('@fastify/jwt with its cache', 'fastify @fastify/jwt cached', 'RS256'),
      get('@fastify/jwt without', 'fastify @fastify/jwt', 'RS256'),
    ],
  },
  {
    title: 'Express, GET with a repeated token',
    contenders: [
      { name: 'bare', server: 'express', load: 'GET RS256' },
      get('countersign', 'express countersign', 'RS256'),
      get('countersign', 'express countersign', 'HS256'),
      get('express-oauth2-jwt-bearer', 'express oauth2-jwt-bearer', 'RS256'),
      get('express-jwt, PEM', 'express express-jwt', 'RS256'),
    ],
  },
  {
    title: 'Fastify, POST of 1 KiB JSON with HMAC',
    contenders: [
      { name: 'bare', server: 'fastify', load: 'POST HMAC' },
      { name: 'countersign', server: 'fastify countersign', load: 'POST HMAC' },
      { name: 'by hand: buffer parser + createHmac over the body', server: 'fastify by hand', load: 'POST HMAC' },
    ],
  },
  {
    title: 'Express, POST of 1 KiB JSON with HMAC',
    contenders: [
      { name: 'bare', server: 'express', load: 'POST HMAC' },
      { name: 'countersign', server: 'express countersign', load: 'POST HMAC' },
      { name: 'by hand: json({ verify }) + createHmac over the body', server: 'express by hand', load: 'POST HMAC' },
    ],
  },
]

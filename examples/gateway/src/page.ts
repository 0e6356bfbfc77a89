import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/app.js', file: 'app.js', type: 'text/javascript; charset=utf-8' },
  { path: '/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
  { path: '/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
] as const

/** Our own files and nothing else: no inline script, no third party, no frame around it, no form that goes elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

/** Serves the page with which a browser logs in. The files are read once, at start. */
export function servePage(app: FastifyInstance): void {
  for (const { path, file, type } of FILES) {
    const content = readFileSync(fileURLToPath(new URL(`../public/${file}`, import.meta.url)))
    app.get(path, { config: { auth: 'public' } }, (_request, reply) => reply.headers(HEADERS).type(type).send(content))
  }
}

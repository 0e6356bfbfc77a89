import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DEVICE_SECONDS } from '../login/device.js'

export interface Cookies {
  refreshToken(request: FastifyRequest): string | undefined
  device(request: FastifyRequest): string | undefined
  setRefreshToken(reply: FastifyReply, token: string, maxAgeSeconds: number): void
  setDevice(reply: FastifyReply, value: string): void
  clearRefreshToken(reply: FastifyReply): void
}

/**
 * The two cookies: no script reads them, no other site sends them, no subdomain sets them. `__Host-` asks for `Secure` and for `Path=/`
 * (RFC 6265bis section 4.1.3.2), so both are sent to every path; the proxy forwards neither.
 *
 * @param secure false only for plain http on a loopback address, where browsers and other clients differ in what they make of `Secure`
 */
export function cookies(secure: boolean): Cookies {
  const prefix = secure ? '__Host-' : ''
  const [refresh, device] = [`${prefix}refresh`, `${prefix}device`]
  const attributes: CookieSerializeOptions = { path: '/', httpOnly: true, sameSite: 'strict', secure }
  return {
    refreshToken: ({ cookies }) => cookies[refresh],
    device: ({ cookies }) => cookies[device],
    setRefreshToken(reply, token, maxAge) {
      reply.setCookie(refresh, token, { ...attributes, maxAge })
    },
    setDevice(reply, value) {
      reply.setCookie(device, value, { ...attributes, maxAge: DEVICE_SECONDS })
    },
    clearRefreshToken(reply) {
      reply.clearCookie(refresh, attributes)
    },
  }
}

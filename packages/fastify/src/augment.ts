import type { Auth, Policy } from '@countersign/core'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Who calls, on every protected route. `null` on a public route, and on an optional one where nobody presented credentials:
     * reading further then throws, which refuses rather than lets in.
     */
    auth: Auth
  }

  interface FastifyContextConfig {
    /** What the route asks for. Absent: the plugin's default, `authenticated`. */
    auth?: Policy
  }
}

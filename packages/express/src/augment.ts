import type { Auth } from '@countersign/core'

declare global {
  namespace Express {
    interface Request {
      /**
       * Who calls, behind `auth(…)`. `null` on a public route, and on an optional one where nobody presented credentials;
       * `undefined` where no `auth(…)` ran: reading further then throws, which refuses rather than lets in.
       */
      auth: Auth
    }
  }
}

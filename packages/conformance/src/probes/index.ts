import type { Probe } from '../probe.js'
import { ALGORITHM } from './algorithm.js'
import { AUDIT } from './audit.js'
import { BODY } from './body.js'
import { CERTIFICATES } from './certificates.js'
import { CLAIMS } from './claims.js'
import { CONFIGURATION } from './configuration.js'
import { ENCODING } from './encoding.js'
import { HEADERS } from './headers.js'
import { KEYS } from './keys.js'
import { LIMITS } from './limits.js'
import { POLICY } from './policy.js'
import { REPLAY } from './replay.js'
import { ROLES } from './roles.js'
import { ROUTING } from './routing.js'
import { SIGNATURE } from './signature.js'
import { STEP_UP } from './step-up.js'
import { THROTTLE } from './throttle.js'

/** Every probe. */
export const PROBES: readonly Probe[] = [
  ...ALGORITHM,
  ...ENCODING,
  ...CLAIMS,
  ...ROLES,
  ...KEYS,
  ...SIGNATURE,
  ...REPLAY,
  ...HEADERS,
  ...ROUTING,
  ...BODY,
  ...LIMITS,
  ...POLICY,
  ...STEP_UP,
  ...CERTIFICATES,
  ...AUDIT,
  ...THROTTLE,
  ...CONFIGURATION,
]

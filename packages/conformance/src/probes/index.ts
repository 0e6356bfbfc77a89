import type { Probe } from '../probe.js'
import { ALGORITHM } from './algorithm.js'
import { CLAIMS } from './claims.js'
import { BODY } from './body.js'
import { ENCODING } from './encoding.js'
import { HEADERS } from './headers.js'
import { LIMITS } from './limits.js'
import { REPLAY } from './replay.js'
import { ROUTING } from './routing.js'
import { KEYS } from './keys.js'
import { ROLES } from './roles.js'
import { SIGNATURE } from './signature.js'

/** Every probe. */
export const PROBES: readonly Probe[] = [...ALGORITHM, ...ENCODING, ...CLAIMS, ...ROLES, ...KEYS, ...SIGNATURE, ...REPLAY, ...HEADERS, ...ROUTING, ...BODY, ...LIMITS]

import { row, type TourRow } from './row.js'
import { SESSION_ROWS } from './session-rows.js'

export {
  type Expectation,
  FRAMEWORKS,
  SERVICES,
  type ServiceName,
  type SignerName,
  type TokenName,
  type TourProof,
  type TourRequest,
  type TourRow,
  type TourSignature,
  type UserName,
  type Verdict,
} from './row.js'

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const TWO_TEA = '{"item":"tea","quantity":2}'
const NINETY_TEA = '{"item":"tea","quantity":90}'

const GET_ORDERS = { method: 'GET', path: '/orders' } as const
const POST_ORDER = { method: 'POST', path: '/orders', contentType: JSON_TYPE, body: TWO_TEA } as const
/** The same by way of the gateway. */
const API_GET_ORDERS = { ...GET_ORDERS, path: '/api/orders' } as const
const API_POST_ORDER = { ...POST_ORDER, path: '/api/orders' } as const
const GET_STOCK = { method: 'GET', path: '/stock' } as const
const RESERVE = { method: 'POST', path: '/reservations', contentType: JSON_TYPE, body: TWO_TEA } as const
const DELIVER = { method: 'POST', path: '/deliveries', contentType: FORM_TYPE, body: 'item=tea&quantity=50' } as const

/** The walk. Each row is data: `walk.ts` sends it and compares. */
export const ROWS: readonly TourRow[] = [
  row('health, no credentials', 'gateway', { method: 'GET', path: '/health' }, 200),
  row('health, no credentials', 'orders', { method: 'GET', path: '/health' }, 200),
  row('health, garbage for a token', 'inventory', { method: 'GET', path: '/health', token: 'garbage' }, 200),
  row('public keys of the issuer', 'gateway', { method: 'GET', path: '/.well-known/jwks.json' }, 200),
  row('the page that users log in with', 'gateway', { method: 'GET', path: '/' }, 200),

  {
    sent: 'GET /orders, good token',
    to: 'gateway',
    request: { ...API_GET_ORDERS, token: 'ada' },
    expected: { status: 200, audit: { gateway: ['allow'], orders: ['allow'] } },
  },
  row('GET /orders, good token', 'orders', { ...GET_ORDERS, token: 'ada' }, 200, 'allow'),
  row('no token', 'gateway', API_GET_ORDERS, 401, 'missing_credentials'),
  row('no token', 'orders', GET_ORDERS, 401, 'missing_credentials'),
  row('garbage for a token', 'gateway', { ...API_GET_ORDERS, token: 'garbage' }, 401, 'token_malformed'),
  row('garbage for a token', 'orders', { ...GET_ORDERS, token: 'garbage' }, 401, 'token_malformed'),
  row('expired token', 'gateway', { ...API_GET_ORDERS, token: 'expired' }, 401, 'token_expired'),
  row('expired token', 'orders', { ...GET_ORDERS, token: 'expired' }, 401, 'token_expired'),
  row('token of tomorrow', 'gateway', { ...API_GET_ORDERS, token: 'not-yet-valid' }, 401, 'token_not_yet_valid'),
  row('token of tomorrow', 'orders', { ...GET_ORDERS, token: 'not-yet-valid' }, 401, 'token_not_yet_valid'),
  row('token for another audience', 'gateway', { ...API_GET_ORDERS, token: 'other-audience' }, 401, 'audience_invalid'),
  row('token for another audience', 'orders', { ...GET_ORDERS, token: 'other-audience' }, 401, 'audience_invalid'),
  row('token of another issuer', 'gateway', { ...API_GET_ORDERS, token: 'other-issuer' }, 401, 'issuer_invalid'),
  row('token of another issuer', 'orders', { ...GET_ORDERS, token: 'other-issuer' }, 401, 'issuer_invalid'),
  row('token with alg none', 'gateway', { ...API_GET_ORDERS, token: 'alg-none' }, 401, 'algorithm_not_allowed'),
  row('token with alg none', 'orders', { ...GET_ORDERS, token: 'alg-none' }, 401, 'algorithm_not_allowed'),
  row(
    "token signed with a stranger's key",
    'gateway',
    { ...API_GET_ORDERS, token: 'forged' },
    401,
    'signature_invalid',
  ),
  row("token signed with a stranger's key", 'orders', { ...GET_ORDERS, token: 'forged' }, 401, 'signature_invalid'),
  row('good token, roles edited to admin', 'orders', { ...GET_ORDERS, token: 'edited' }, 401, 'signature_invalid'),
  row(
    'Authorization twice (raw socket)',
    'gateway',
    { ...API_GET_ORDERS, token: 'ada', doubledHeader: 'authorization' },
    400,
    'duplicate_header',
  ),
  row(
    'Authorization twice (raw socket)',
    'orders',
    { ...GET_ORDERS, token: 'ada', doubledHeader: 'authorization' },
    400,
    'duplicate_header',
  ),
  row('unknown path, no token', 'gateway', { method: 'GET', path: '/nowhere' }, 401, 'missing_credentials'),
  row('unknown path, no token', 'orders', { method: 'GET', path: '/nowhere' }, 401, 'missing_credentials'),
  row('unknown path, good token', 'gateway', { method: 'GET', path: '/nowhere', token: 'ada' }, 404, 'allow'),
  row('unknown path, good token', 'orders', { method: 'GET', path: '/nowhere', token: 'ada' }, 404, 'allow'),

  row(
    'admin page as ada, a buyer',
    'orders',
    { method: 'GET', path: '/admin/orders', token: 'ada' },
    403,
    'role_missing',
  ),
  row('admin page as root, an admin', 'orders', { method: 'GET', path: '/admin/orders', token: 'root' }, 200, 'allow'),
  row('GET /orders as root, admin implies it', 'orders', { ...GET_ORDERS, token: 'root' }, 200, 'allow'),
  row('no token, no signature', 'inventory', GET_STOCK, 401, 'missing_credentials'),
  row('token for other services', 'inventory', { ...GET_STOCK, token: 'root' }, 401, 'audience_invalid'),

  row('GET /orders, signed', 'orders', { ...GET_ORDERS, signature: { by: 'reporting' } }, 200, 'allow'),
  row('GET /stock, signed', 'inventory', { ...GET_STOCK, signature: { by: 'orders' } }, 200, 'allow'),
  row('POST /reservations, signed', 'inventory', { ...RESERVE, signature: { by: 'orders' } }, 201, 'allow'),
  row(
    'signed by one who lacks the role',
    'orders',
    { ...GET_ORDERS, signature: { by: 'gateway' } },
    403,
    'role_missing',
  ),
  row(
    'signed by one who lacks the role',
    'inventory',
    { ...DELIVER, signature: { by: 'orders' } },
    403,
    'role_missing',
  ),
  row(
    'body changed under a good signature',
    'orders',
    { ...POST_ORDER, token: 'ada', body: NINETY_TEA, signature: { by: 'gateway', over: { body: TWO_TEA } } },
    401,
    'content_digest_mismatch',
  ),
  row(
    'body changed under a good signature',
    'inventory',
    { ...RESERVE, body: NINETY_TEA, signature: { by: 'orders', over: { body: TWO_TEA } } },
    401,
    'content_digest_mismatch',
  ),
  row(
    'path changed under a good signature',
    'orders',
    { method: 'GET', path: '/admin/orders', signature: { by: 'reporting', over: { path: '/orders' } } },
    401,
    'signature_invalid',
  ),
  row(
    'query added under a good signature',
    'inventory',
    { method: 'GET', path: '/stock?all=1', signature: { by: 'orders', over: { path: '/stock' } } },
    401,
    'signature_invalid',
  ),
  row(
    'the same signed request twice',
    'orders',
    { ...GET_ORDERS, signature: { by: 'reporting' }, twice: true },
    401,
    'allow',
    'replayed',
  ),
  row(
    'the same signed request twice',
    'inventory',
    { ...RESERVE, signature: { by: 'orders' }, twice: true },
    401,
    'allow',
    'replayed',
  ),
  row(
    'the same twice, at two replicas',
    'orders',
    { ...GET_ORDERS, signature: { by: 'reporting' }, twice: 'at-other-replica' },
    401,
    'allow',
    'replayed',
  ),
  row(
    'signed ten minutes ago',
    'orders',
    { ...GET_ORDERS, signature: { by: 'reporting', secondsOff: -600 } },
    401,
    'timestamp_out_of_range',
  ),
  row(
    'signed ten minutes ago',
    'inventory',
    { ...GET_STOCK, signature: { by: 'orders', secondsOff: -600 } },
    401,
    'timestamp_out_of_range',
  ),
  row(
    'signed ten minutes ahead',
    'orders',
    { ...GET_ORDERS, signature: { by: 'reporting', secondsOff: 600 } },
    401,
    'timestamp_out_of_range',
  ),
  row(
    'signed ten minutes ahead',
    'inventory',
    { ...GET_STOCK, signature: { by: 'orders', secondsOff: 600 } },
    401,
    'timestamp_out_of_range',
  ),
  row('signed with an unknown key', 'orders', { ...GET_ORDERS, signature: { by: 'nobody' } }, 401, 'key_unknown'),
  row('signed with an unknown key', 'inventory', { ...GET_STOCK, signature: { by: 'nobody' } }, 401, 'key_unknown'),
  row(
    'signed for another service',
    'inventory',
    { ...GET_STOCK, signature: { by: 'orders', over: { audience: 'orders' } } },
    401,
    'signature_invalid',
  ),

  {
    sent: 'ada buys: gateway, orders, inventory',
    to: 'gateway',
    request: { ...API_POST_ORDER, token: 'ada' },
    expected: { status: 201, audit: { gateway: ['allow'], orders: ['allow'], inventory: ['allow'] } },
  },
  {
    sent: 'rob buys: he only reads',
    to: 'gateway',
    request: { ...API_POST_ORDER, token: 'rob' },
    expected: { status: 403, audit: { gateway: ['allow'], orders: ['role_missing'] } },
  },
  {
    sent: 'signed as gateway on behalf of ada',
    to: 'orders',
    request: { ...POST_ORDER, token: 'ada', signature: { by: 'gateway' } },
    expected: { status: 201, audit: { orders: ['allow'], inventory: ['allow'] } },
  },
  {
    sent: 'on behalf of ada, at two replicas',
    to: 'orders',
    request: { ...POST_ORDER, token: 'ada', signature: { by: 'gateway' }, twice: 'at-other-replica' },
    expected: { status: 401, audit: { orders: ['allow', 'replayed'], inventory: ['allow'] } },
  },
  row('ada alone, without the gateway', 'orders', { ...POST_ORDER, token: 'ada' }, 401, 'scheme_required'),
  row(
    'gateway alone, without a user',
    'orders',
    { ...POST_ORDER, signature: { by: 'gateway' } },
    401,
    'scheme_required',
  ),
  row(
    'reporting on behalf of ada',
    'orders',
    { ...POST_ORDER, token: 'ada', signature: { by: 'reporting' } },
    403,
    'role_missing',
  ),
  row(
    'token swapped under a good signature',
    'orders',
    { ...POST_ORDER, token: 'root', signature: { by: 'gateway', over: { token: 'ada' } } },
    401,
    'signature_invalid',
  ),
  row(
    'expired token, good signature',
    'orders',
    { ...POST_ORDER, token: 'expired', signature: { by: 'gateway' } },
    401,
    'token_expired',
  ),

  row(
    'Python client, profile request',
    'orders',
    { ...GET_ORDERS, signature: { by: 'reporting' }, python: true },
    200,
    'allow',
  ),
  row(
    'Python client, profile request',
    'inventory',
    { ...RESERVE, signature: { by: 'orders' }, python: true },
    201,
    'allow',
  ),
  row(
    'Python client, body-timestamp',
    'inventory',
    { ...DELIVER, signature: { by: 'warehouse' }, python: true },
    201,
    'allow',
  ),
  row(
    'body-timestamp, body changed',
    'inventory',
    { ...DELIVER, signature: { by: 'warehouse', over: { body: 'item=tea&quantity=5' } } },
    401,
    'signature_invalid',
  ),
  row(
    'body-timestamp, 500 read as 50 + 0…',
    'inventory',
    { ...DELIVER, signature: { by: 'warehouse', over: { body: 'item=tea&quantity=500' }, timestampPrefix: '0' } },
    400,
    'timestamp_malformed',
  ),
  row(
    'body-timestamp, the same twice',
    'inventory',
    { ...DELIVER, body: 'item=tea&quantity=51', signature: { by: 'warehouse' }, twice: true },
    401,
    'allow',
    'replayed',
  ),
  row(
    'body-timestamp on another path',
    'inventory',
    { ...RESERVE, signature: { by: 'warehouse' } },
    401,
    'key_unknown',
  ),
  row(
    'body-timestamp where not enabled',
    'orders',
    { ...POST_ORDER, signature: { by: 'warehouse' } },
    400,
    'malformed_credentials',
  ),

  ...SESSION_ROWS,
]

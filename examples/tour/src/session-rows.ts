import { row, type TourProof, type TourRequest, type TourRow } from './row.js'

const login = (proof: TourProof): TourRequest => ({ method: 'POST', path: '/login', proof })
const STEP_UP = { method: 'POST', path: '/step-up', cookies: 'browser', token: 'browser' } as const
const REFRESH = { method: 'POST', path: '/refresh', cookies: 'browser' } as const
const LOGOUT = { method: 'POST', path: '/logout', cookies: 'browser' } as const
const GET_ORDERS = { method: 'GET', path: '/api/orders', token: 'browser' } as const
/** There is no such order: what matters here is who may ask. */
const REFUND = { method: 'POST', path: '/api/orders/0/refund', token: 'browser' } as const

const ADA: TourProof = { user: 'ada', password: 'right' }
const ROOT: TourProof = { user: 'root', password: 'right' }

/** Users log in at the gateway, prove more where more is asked, and log out; and somebody has stolen a refresh token. */
export const SESSION_ROWS: readonly TourRow[] = [
  row('login, wrong password', 'gateway', login({ user: 'ada', password: 'wrong' }), 401, 'password_wrong'),
  row('login, a name that nobody has', 'gateway', login({ user: 'nobody', password: 'wrong' }), 401, 'user_unknown'),
  row('login, code missing', 'gateway', login(ROOT), 401, 'code_missing'),
  row('login, wrong code', 'gateway', login({ ...ROOT, code: 'wrong' }), 401, 'code_wrong'),
  row('login, password and code', 'gateway', login({ ...ROOT, code: 'fresh' }), 200, 'allow'),
  row('login, the same code again', 'gateway', login({ ...ROOT, code: 'used' }), 401, 'code_used'),
  row(
    'login from the page of another site',
    'gateway',
    { ...login(ADA), origin: 'https://evil.example' },
    403,
    'cross_site',
  ),

  row('ada logs in with her password', 'gateway', { ...login(ADA), cookies: 'browser' }, 200, 'allow'),
  {
    sent: 'her orders',
    to: 'gateway',
    request: GET_ORDERS,
    expected: { status: 200, audit: { gateway: ['allow'], orders: ['allow'] } },
  },
  {
    sent: 'the stock, by an exchanged token',
    to: 'gateway',
    request: { ...GET_ORDERS, path: '/api/stock' },
    expected: { status: 200, audit: { gateway: ['allow', 'allow'], inventory: ['allow'] } },
  },
  {
    sent: 'a refund: a password is too little',
    to: 'gateway',
    request: REFUND,
    expected: { status: 401, audit: { gateway: ['allow'], orders: ['step_up_required'] } },
  },
  row(
    'step-up, wrong code',
    'gateway',
    { ...STEP_UP, proof: { user: 'ada', code: 'wrong' } },
    401,
    'allow',
    'code_wrong',
  ),
  row(
    'step-up: a new session for the old',
    'gateway',
    { ...STEP_UP, proof: { user: 'ada', code: 'fresh' } },
    200,
    'allow',
    'allow',
    'allow',
  ),
  {
    sent: 'the refund again: let in, no order 0',
    to: 'gateway',
    request: REFUND,
    expected: { status: 404, audit: { gateway: ['allow'], orders: ['allow'] } },
  },

  row('refresh', 'gateway', REFRESH, 200, 'allow'),
  row('refresh', 'gateway', REFRESH, 200, 'allow'),
  row('refresh from the page of another site', 'gateway', { ...REFRESH, origin: 'null' }, 403, 'cross_site'),
  row('a stolen, old refresh token', 'gateway', { ...REFRESH, cookies: 'stolen' }, 401, 'refresh_token_reused'),
  row('the access token of that session', 'gateway', GET_ORDERS, 401, 'token_revoked'),
  row('the live refresh token of it', 'gateway', REFRESH, 401, 'session_revoked'),

  row('ada logs in again', 'gateway', { ...login(ADA), cookies: 'browser' }, 200, 'allow'),
  row('logout', 'gateway', LOGOUT, 204, 'allow'),
  row('the access token after the logout', 'gateway', GET_ORDERS, 401, 'token_revoked'),
  row('refresh after the logout', 'gateway', REFRESH, 401, 'no_session'),
]

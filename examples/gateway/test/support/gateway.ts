import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { fixedSigningKey } from '../../src/keys.js'
import type { GatewayOptions } from '../../src/options.js'
import { startGateway } from '../../src/server.js'
import type { UserStore } from '../../src/users/store.js'
import { openUsers, USERS_KEY } from './users.js'

export const TOKEN_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
export const GATEWAY_SECRET: string = randomBytes(32).toString('base64url')

export interface TestGateway {
  readonly url: string
  readonly store: UserStore
  /** Every line of the log, as it was written. */
  readonly lines: readonly string[]
  /** The records of logins, attempts and all other events. */
  records(): readonly Record<string, unknown>[]
  close(): Promise<void>
}

/** A gateway with three users, on a free port, at the most talkative level of its log. */
export async function startTestGateway(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const store = await openUsers()
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const gateway = await startGateway({
    ...{
      port: 0,
      issuer: 'https://id.example',
      signingKeys: fixedSigningKey(TOKEN_KEY),
      usersKey: USERS_KEY,
      users: store,
    },
    ...{
      ordersUrl: 'http://127.0.0.1:9',
      inventoryUrl: 'http://127.0.0.1:9',
      gatewaySecret: GATEWAY_SECRET,
      gatewayInventorySecret: GATEWAY_SECRET,
      log,
    },
    ...options,
  })
  return {
    url: gateway.url,
    store,
    lines,
    records: () => lines.map((line) => JSON.parse(line)).filter(({ event }) => typeof event === 'string'),
    async close() {
      await gateway.close()
      await store.close()
    },
  }
}

/** What a browser is to the gateway: keeps its cookies, and nothing else. */
export class Client {
  readonly #url: string
  readonly cookies = new Map<string, string>()
  /** The last answer's `Set-Cookie` fields. */
  setCookies: readonly string[] = []

  constructor(url: string) {
    this.#url = url
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    this.setCookies = response.headers.getSetCookie()
    for (const field of this.setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text.startsWith('{') ? JSON.parse(text) : {},
    }
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  /** Logs in and returns the access token. */
  async login(username: string, password: string, code?: string): Promise<string> {
    const answer = await this.post('/login', { username, password, ...(code === undefined ? {} : { code }) })
    if (answer.status !== 200) throw new Error(`the login was answered ${answer.status}`)
    return String(answer.body['access_token'])
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** What a browser keeps for the gateway: its cookies, and in the memory of a page the access token. */
export class Browser {
  readonly #cookies = new Map<string, string>()
  #first: ReadonlyMap<string, string> = new Map()
  #accessToken = 'none'

  get accessToken(): string {
    return this.#accessToken
  }

  /** `Cookie`, where there are any; those that it had when its session began where they are stolen. */
  cookieHeader(which: 'browser' | 'stolen'): Readonly<Record<string, string>> {
    const cookies = [...(which === 'browser' ? this.#cookies : this.#first)]
    return cookies.length === 0 ? {} : { cookie: cookies.map(([name, value]) => `${name}=${value}`).join('; ') }
  }

  /** Keeps what came with an answer. A session begins with every login and every step-up. */
  keep(answer: Response, body: string, beginsSession: boolean): void {
    for (const field of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    const token = /"access_token":"([^"]+)"/.exec(body)?.[1]
    if (token === undefined) return
    this.#accessToken = token
    if (beginsSession) this.#first = new Map(this.#cookies)
  }
}

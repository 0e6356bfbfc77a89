import { readFileSync } from 'node:fs'
import type { Agent, Server } from 'node:https'
import { createSecureContext } from 'node:tls'

export interface IdentityFiles {
  /** PEM: a certificate and its key. */
  readonly identity: string
  /** PEM: the authorities whose certificates are taken, one or, while one replaces another, more. */
  readonly trust: string
}

/** What TLS is made of, on either side. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

export interface LiveIdentityOptions {
  readonly files: IdentityFiles
  /** How often the files are looked at. Default 5. */
  readonly reloadSeconds?: number
  /** Told where new files could not be taken: the old ones stay in use. */
  readonly onRefused?: (error: unknown) => void
}

/**
 * The certificate, key and authorities of a service, taken up anew when their files change. Connections that stand stay as they are, new ones
 * get the new certificate: nothing is dropped.
 */
export class LiveIdentity {
  readonly #options: LiveIdentityOptions
  readonly #timer: NodeJS.Timeout
  readonly #servers = new Set<Server>()
  readonly #agents = new Set<Agent>()
  #material: TlsMaterial

  /** @throws {Error} files that cannot be read, or that TLS does not take */
  constructor(options: LiveIdentityOptions) {
    this.#options = options
    this.#material = read(options.files)
    this.#timer = setInterval(() => this.reload(), (options.reloadSeconds ?? 5) * 1000).unref()
  }

  get material(): TlsMaterial {
    return this.#material
  }

  /** Keeps a server's certificate, and the authorities that it trusts, up to date. */
  follow(server: Server): void {
    this.#servers.add(server)
  }

  /** Keeps what an agent opens connections with up to date. Those of the old certificate are used on until they idle. */
  followAgent(agent: Agent): void {
    this.#agents.add(agent)
    Object.assign(agent.options, this.#material)
  }

  /** Looks at the files now. */
  reload(): void {
    try {
      const material = read(this.#options.files)
      if (material.cert === this.#material.cert && material.ca === this.#material.ca) return
      for (const server of this.#servers) server.setSecureContext({ ...material })
      for (const agent of this.#agents) Object.assign(agent.options, material)
      this.#material = material
    } catch (error) {
      this.#options.onRefused?.(error)
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function read({ identity, trust }: IdentityFiles): TlsMaterial {
  const pem = readFileSync(identity, 'utf8')
  const material = { cert: pem, key: pem, ca: readFileSync(trust, 'utf8') }
  // Throws where certificate and key are no pair: before a server is told.
  createSecureContext(material)
  return material
}

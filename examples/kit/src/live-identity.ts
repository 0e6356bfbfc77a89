import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import type { Agent } from 'undici'
import { LiveAgent } from './live-agent.js'

/** Files in PEM. One may be several of them, and is best: replaced by a rename, it never has the certificate of today with the key of yesterday. */
export interface IdentityFiles {
  /** The certificate, and those of authorities between it and one of `authorities`. */
  readonly certificate: string
  readonly key: string
  /** The authorities whose certificates are taken: one or, while one replaces another, more. */
  readonly authorities: string
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
 * The certificate, key and authorities of a service, taken up anew when their files change. A server's connections that stand stay as they are, new
 * ones get the new certificate; an agent moves on to new connections. Nothing is dropped.
 */
export class LiveIdentity {
  readonly #options: LiveIdentityOptions
  readonly #timer: NodeJS.Timeout
  readonly #servers = new Set<Server>()
  readonly #agents = new Set<LiveAgent>()
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

  /** What calls others with this certificate, and takes only those of the same authorities. Whoever asked for it closes it. */
  agent(options: Agent.Options = {}): LiveAgent {
    const agent = new LiveAgent(options, this.#material)
    this.#agents.add(agent)
    return agent
  }

  /** Looks at the files now. */
  reload(): void {
    try {
      const material = read(this.#options.files)
      if (material.cert === this.#material.cert && material.ca === this.#material.ca) return
      for (const server of this.#servers) server.setSecureContext({ ...material })
      for (const agent of this.#agents) agent.renew(material)
      this.#material = material
    } catch (error) {
      this.#options.onRefused?.(error)
    }
  }

  /** Looks at the files no more. */
  close(): void {
    clearInterval(this.#timer)
  }
}

function read({ certificate, key, authorities }: IdentityFiles): TlsMaterial {
  const text = (file: string): string => readFileSync(file, 'utf8')
  const material = { cert: text(certificate), key: text(key), ca: text(authorities) }
  // Throws where certificate and key are no pair: before a server is told.
  createSecureContext(material)
  return material
}

import { Agent, Dispatcher } from 'undici'
import type { TlsMaterial } from './live-identity.js'

/**
 * An agent of undici whose certificate can be renewed. The connections of the old one end when their requests are answered: a server looks
 * at the certificate with each request, and a busy connection would outlive it.
 */
export class LiveAgent extends Dispatcher {
  readonly #options: Agent.Options
  #agent: Agent
  #isClosed = false

  constructor(options: Agent.Options, material: TlsMaterial) {
    super()
    this.#options = options
    this.#agent = this.#agentWith(material)
  }

  renew(material: TlsMaterial): void {
    if (this.#isClosed) return
    const old = this.#agent
    this.#agent = this.#agentWith(material)
    void old.close()
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#agent.dispatch(options, handler)
  }

  /** Waits for the requests under way. */
  override async close(done?: () => void): Promise<void> {
    this.#isClosed = true
    await this.#agent.close()
    done?.()
  }

  /** Ends the requests under way. */
  override async destroy(error?: Error | null | (() => void), done?: () => void): Promise<void> {
    this.#isClosed = true
    await this.#agent.destroy(error instanceof Error ? error : null)
    const settled = typeof error === 'function' ? error : done
    settled?.()
  }

  #agentWith({ cert, key, ca }: TlsMaterial): Agent {
    return new Agent({ ...this.#options, connect: { ...this.#options.connect, cert, key, ca } })
  }
}

/** A `fetch` over an agent. */
export function fetchOver(agent: LiveAgent): typeof fetch {
  // fetch of Node takes it, but its types know only the undici that they were made of.
  return (input, init) => fetch(input, { ...init, dispatcher: agent } as unknown as RequestInit)
}

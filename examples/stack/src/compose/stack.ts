import { setTimeout as delay } from 'node:timers/promises'
import { type CommandResult, run } from './command.js'
import type { Engine } from './engine.js'

/** Any free ports of this machine, so that nothing that runs here is in the way. */
const ANY_PORTS = {
  GATEWAY_PORT: '',
  ORDERS_1_PORT: '',
  ORDERS_2_PORT: '',
  INVENTORY_PORT: '',
  PROMETHEUS_PORT: '',
  GRAFANA_PORT: '',
}

export interface StackOptions {
  readonly engine: Engine
  readonly directory: string
  readonly project: string
  readonly signal: AbortSignal
}

/** A command of compose did not do what it should have. */
export class StackError extends Error {
  override readonly name = 'StackError'
}

/** The containers of docker-compose.yml under a project name of their own. */
export class Stack {
  readonly #options: StackOptions
  /** Of the containers, by their services. */
  readonly #ids = new Map<string, string>()

  constructor(options: StackOptions) {
    this.#options = options
  }

  /** `docker compose <args>`, whatever comes of it. */
  compose(args: readonly string[], seconds = 60, signal: AbortSignal = this.#options.signal): Promise<CommandResult> {
    const { engine, directory, project } = this.#options
    const file = ['--project-directory', directory, '--file', `${directory}/docker-compose.yml`]
    return run([...engine.compose, '--project-name', project, ...file, ...args], {
      seconds,
      environment: ANY_PORTS,
      signal,
    })
  }

  /** The same where it must succeed; returns what it wrote on stdout, trimmed. */
  async must(args: readonly string[], seconds?: number): Promise<string> {
    const { code, stdout, stderr } = await this.compose(args, seconds)
    if (code !== 0) throw new StackError(`compose ${args.join(' ')}: ${code ?? 'did not end'}\n${stdout}${stderr}`)
    return stdout.trim()
  }

  /** Where a port of a service is on this machine: scheme, host and port. It changes when the container is started again. */
  async url(service: string, port: number): Promise<string> {
    const [address] = (await this.#docker(['port', await this.#id(service), `${port}/tcp`])).split('\n')
    return `http://${address}`
  }

  /** What a command in a container wrote on stdout, trimmed. `docker-compose exec` would take seconds to start. */
  async exec(service: string, command: readonly string[]): Promise<string> {
    return this.#docker(['exec', await this.#id(service), ...command])
  }

  /** A field of `docker inspect`, as a Go template. */
  async inspect(service: string, template: string): Promise<string> {
    return this.#docker(['inspect', '--format', template, await this.#id(service)])
  }

  async waitHealthy(services: readonly string[], seconds: number): Promise<void> {
    for (const service of services) {
      const isHealthy = async () => (await this.inspect(service, '{{.State.Health.Status}}')) === 'healthy'
      if (!(await this.until(isHealthy, seconds))) throw new StackError(`${service} is not healthy after ${seconds} s`)
    }
  }

  /** Asks again and again until it is so; false where it never was. */
  async until(isSo: () => Promise<boolean>, seconds: number): Promise<boolean> {
    const deadline = performance.now() + seconds * 1000
    while (!(await isSo())) {
      if (performance.now() > deadline) return false
      await delay(250, undefined, { signal: this.#options.signal })
    }
    return true
  }

  async #id(service: string): Promise<string> {
    if (!this.#ids.has(service)) {
      const project = `label=com.docker.compose.project=${this.#options.project}`
      const format = '{{.Label "com.docker.compose.service"}} {{.ID}}'
      const listed = await this.#docker(['ps', '--all', '--no-trunc', '--filter', project, '--format', format])
      for (const line of listed.split('\n')) {
        const [name = '', id = ''] = line.split(' ')
        this.#ids.set(name, id)
      }
    }
    const id = this.#ids.get(service)
    if (id === undefined) throw new StackError(`there is no container of ${service}`)
    return id
  }

  async #docker(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(['docker', ...args], { seconds: 30, signal: this.#options.signal })
    if (code !== 0) throw new StackError(`docker ${args.join(' ')}: ${code ?? 'did not end'}\n${stdout}${stderr}`)
    return stdout.trim()
  }

  /** Takes everything away, also after an interruption. */
  async remove(): Promise<CommandResult> {
    return this.compose(['down', '--volumes', '--remove-orphans'], 90, new AbortController().signal)
  }
}

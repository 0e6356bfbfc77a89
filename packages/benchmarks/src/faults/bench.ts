import type { LoadGenerator } from './load.js'
import type { FaultSettings } from './row.js'
import { type ServiceName, type ServiceOptions, ServiceProcess } from './service.js'

/** What every fault is given. */
export interface FaultBench {
  readonly settings: FaultSettings
  readonly load: LoadGenerator
  /** Starts a service for `use`, and ends it after. */
  withService<T>(name: ServiceName, options: ServiceOptions, use: (service: ServiceProcess) => Promise<T>): Promise<T>
}

export function faultBench(settings: FaultSettings, load: LoadGenerator, jwksUrl: string): FaultBench {
  return {
    settings,
    load,
    async withService(name, options, use) {
      const service = await ServiceProcess.start(name, jwksUrl, options)
      try {
        return await use(service)
      } finally {
        await service.stop()
      }
    },
  }
}

import {
  ATTEMPT_CHANNEL,
  type AuditRecord,
  JWKS_CHANNEL,
  type JwksEvent,
  KEY_CHANNEL,
  type KeyEvent,
  STORE_CHANNEL,
  type StoreEvent,
  verifierOf,
} from '@countersign/core'
import { AttemptMetrics } from './attempts.js'
import { HealthMetrics } from './health.js'
import { Instruments } from './instruments.js'
import { KeySourceMetrics } from './key-sources.js'
import { listen } from './listen.js'
import { type CollectMetricsOptions, checkOptions } from './options.js'
import { StoreMetrics } from './stores.js'

export interface MetricsCollector {
  /** Stops counting and takes the metrics out of the registry. Does nothing the second time. */
  close(): void
}

/**
 * Registers the metrics of some verifiers with prom-client, and counts from now on. Keys, caches and readiness are looked at when the registry
 * is asked. No label has a value that a request chose.
 *
 * @throws {ConfigurationError} a wrong or unknown option; a registry that has such metrics already
 */
export function collectMetrics(options: CollectMetricsOptions): MetricsCollector {
  const { verifiers, register, prefix, durationBucketsSeconds, mostKeys } = checkOptions(options)
  const instruments = new Instruments(prefix)
  const attempts = new AttemptMetrics(instruments, Object.keys(verifiers), durationBucketsSeconds)
  const keySources = new KeySourceMetrics(instruments)
  const stores = new StoreMetrics(instruments)
  new HealthMetrics(instruments, verifiers, mostKeys)
  instruments.register(register)

  const names = new Map<unknown, string>(Object.entries(verifiers).map(([name, verifier]) => [verifier, name]))
  // Core alone publishes on its channels.
  const stops = [
    listen(ATTEMPT_CHANNEL, (record) => {
      const name = names.get(verifierOf(record))
      if (name !== undefined) attempts.add(name, record as AuditRecord)
    }),
    listen(JWKS_CHANNEL, (event) => keySources.addJwksEvent(event as JwksEvent)),
    listen(STORE_CHANNEL, (event) => stores.add(event as StoreEvent)),
    listen(KEY_CHANNEL, (event) => keySources.addKeyEvent(event as KeyEvent)),
  ]
  return {
    close() {
      if (stops.length === 0) return
      for (const stop of stops.splice(0)) stop()
      instruments.unregister(register)
    },
  }
}

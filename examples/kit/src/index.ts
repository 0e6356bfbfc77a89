export { Front } from './front.js'
export { type HealthReport, healthReport } from './health.js'
export { type HttpLimits, httpLimits } from './http-limits.js'
export { type DemoKeys, makeKeys } from './keys.js'
export { LiveAgent } from './live-agent.js'
export { type IdentityFiles, LiveIdentity, type LiveIdentityOptions, type TlsMaterial } from './live-identity.js'
export { LogDestination } from './log-destination.js'
export { LoopBudget, type LoopBudgetOptions } from './loop-budget.js'
export { type MetricsServer, serveMetrics } from './metrics.js'
export { type RunOptions, runService, type Service } from './run-service.js'
export {
  checkServiceUrl,
  fetchOver,
  mutualTlsOptions,
  openIdentity,
  spiffeId,
  TRUST_DOMAIN,
  urlOf,
} from './service-tls.js'
export { portSetting, secretSetting, settings } from './settings.js'
export { openStores, type Stores } from './stores.js'
export { type Surroundings, withSurroundings } from './surroundings.js'
export { warmUp } from './warm-up.js'

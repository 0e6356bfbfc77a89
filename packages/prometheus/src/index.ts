export { collectMetrics, type MetricsCollector } from './collect-metrics.js'
export type { CollectMetricsOptions, MetricsRegister } from './options.js'

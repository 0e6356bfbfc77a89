export { type HealthReport, healthReport } from './health.js'
export { type DemoKeys, makeKeys } from './keys.js'
export { runService, type Service } from './run-service.js'
export { portSetting, settings } from './settings.js'

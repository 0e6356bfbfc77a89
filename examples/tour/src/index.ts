export type { AuditTrail, TourKeys, TourTarget, TrailRecord } from './target.js'
export { readRecord } from './trail.js'
export { report, type WalkAloudOptions, walkAloud } from './walk-aloud.js'

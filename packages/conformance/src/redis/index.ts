// Real servers with faults, and a service to try them on.
export { type ConnectedClient, connectClient, LIBRARIES, type Library } from './clients.js'
export { cluster, type Deployment, sentinel, single, until } from './deployments.js'
export { type FaultyProxy, startProxy } from './proxy.js'
export { FOUND_PROGRAMS, type RedisServer, startRedis } from './server.js'
export { type RedisService, redisService } from './service.js'
export { asService } from '../requests.js'
export type { ProbeRequest } from '../subject/subject.js'

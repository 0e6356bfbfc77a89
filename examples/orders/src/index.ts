export { type CallerSecrets, orderCallers } from './callers.js'
export { type OrdersOptions, startOrders } from './server.js'

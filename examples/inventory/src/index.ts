export { type CallerSecrets, inventoryCallers } from './callers.js'
export { type InventoryOptions, startInventory } from './server.js'

import './augment.js'

export { type Countersign, countersign } from './middleware.js'
export type { CountersignOptions } from './options.js'
export type { AuthRoute, AuthRouter } from './router.js'

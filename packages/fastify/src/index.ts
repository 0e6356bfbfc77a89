import './augment.js'

export { countersign, countersign as default } from './plugin.js'
export type { CountersignOptions } from './options.js'

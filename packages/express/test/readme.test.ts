import { testAdapterReadme } from '../../../.config/readme/adapter.js'
import { checkOptions } from '../src/options.js'

testAdapterReadme(new URL('..', import.meta.url), checkOptions)

import { measure, type Result, type Settings } from './rounds.js'
import { GROUPS } from './scenarios.js'

const [name = '', settings = ''] = process.argv.slice(2)
const group = GROUPS[name]
if (group === undefined) throw new Error(`no such group: ${name}`)

const results: Result[] = []
for (const scenario of await group()) results.push(await measure(scenario, JSON.parse(settings) as Settings))
process.send?.(results)
process.disconnect?.()

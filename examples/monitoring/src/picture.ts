import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readPanels } from './dashboard.js'
import { drawPage, pageSize } from './draw.js'
import { photograph } from './photograph.js'
import { linesOf } from './query.js'

const USAGE = `usage: node picture.js --prometheus http://127.0.0.1:9090 --output dashboard.png [--minutes 15] [--rate 30s] [--html page.html]`

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    output: { type: 'string' },
    minutes: { type: 'string', default: '15' },
    rate: { type: 'string', default: '30s' },
    html: { type: 'string' },
  },
})
const { prometheus, output, rate, html } = values
const minutes = Number(values.minutes)
if (prometheus === undefined || output === undefined || !(minutes > 0)) throw new Error(USAGE)

const panels = readPanels()
const to = Math.floor(Date.now() / 1000)
const span = {
  from: to - minutes * 60,
  to,
  stepSeconds: Math.max(1, Math.round((minutes * 60) / 180)),
  rateInterval: rate,
}
const drawn = await Promise.all(panels.map(async (panel) => [panel, await linesOf(prometheus, panel, span)] as const))
const page = drawPage('Countersign', drawn, span)
if (html !== undefined) await writeFile(html, page)
await photograph(page, pageSize(panels), output)
console.log(`${output}: ${drawn.filter(([, lines]) => lines.length > 0).length} of ${panels.length} panels have data`)

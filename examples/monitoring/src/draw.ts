import type { Panel } from './dashboard.js'
import type { Line, Span } from './query.js'
import { linearScale, logarithmicScale } from './scale.js'
import { inUnit } from './units.js'

const COLUMN = 60
const ROW = 36
const GAP = 8
const COLOURS = [
  '#3274d9',
  '#ff9830',
  '#8f3bb8',
  '#00a3a3',
  '#e02f44',
  '#56a64b',
  '#b877d9',
  '#7c6a0a',
  '#d683ce',
  '#5794f2',
]
const NAMED: Readonly<Record<string, string>> = { green: '#2f8a3c', red: '#c4162a', orange: '#ff9830', blue: '#3274d9' }

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A page that shows the panels as Grafana lays them out, as one SVG and nothing from elsewhere. */
export function drawPage(title: string, panels: readonly (readonly [Panel, readonly Line[]])[], span: Span): string {
  const { width, height } = pageSize(panels.map(([panel]) => panel))
  const drawn = panels.map(([panel, lines]) => drawPanel(panel, lines, span)).join('\n')
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body { margin: 0; background: #f4f5f5 } svg { display: block; font: 12px system-ui, sans-serif; fill: #24292e }</style>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
${text(GAP + 4, 26, title, 'font-size="18" font-weight="600"')}
${drawn}
</svg></html>
`
}

/** How large a page of these panels is, in pixels. */
export function pageSize(panels: readonly Panel[]): { readonly width: number; readonly height: number } {
  return { width: 24 * COLUMN, height: 40 + ROW * Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) }
}

function drawPanel(panel: Panel, lines: readonly Line[], span: Span): string {
  const { x, y, w, h } = panel.gridPos
  const box = { x: x * COLUMN + GAP / 2, y: 40 + y * ROW, width: w * COLUMN - GAP, height: h * ROW - GAP }
  const frame = `<rect ${place(box)} rx="3" fill="#fff" stroke="#d8d9da"/>`
  const head = text(box.x + 10, box.y + 20, panel.title, 'font-weight="600"')
  const inner = { x: box.x + 10, y: box.y + 30, width: box.width - 20, height: box.height - 38 }
  if (lines.length === 0) return frame + head + text(inner.x, inner.y + 20, 'no data', 'fill="#8e8e8e"')
  const draw = { stat: drawTiles, table: drawRows, timeseries: drawChart }[panel.type]
  return frame + head + draw(panel, lines, inner, span)
}

/** One tile for each line, in the colour of its value. */
function drawTiles(panel: Panel, lines: readonly Line[], box: Box): string {
  const { unit, mappings = [] } = panel.fieldConfig.defaults
  const width = box.width / lines.length
  return lines
    .map(({ name, points }, index) => {
      const value = points.at(-1)?.[1] ?? Number.NaN
      const mapped = mappings.map(({ options }) => options[String(value)]).find((option) => option !== undefined)
      const tile = { x: box.x + index * width, y: box.y, width: width - 6, height: box.height }
      const middle = `text-anchor="middle" fill="#fff"`
      return (
        `<rect ${place(tile)} rx="3" fill="${NAMED[mapped?.color ?? ''] ?? '#3274d9'}"/>` +
        text(
          tile.x + tile.width / 2,
          tile.y + tile.height / 2,
          mapped?.text ?? inUnit(value, unit),
          `${middle} font-size="22"`,
        ) +
        text(tile.x + tile.width / 2, tile.y + tile.height / 2 + 22, name, middle)
      )
    })
    .join('')
}

function drawRows(panel: Panel, lines: readonly Line[], box: Box): string {
  const rows = lines.slice(0, Math.floor(box.height / 20))
  return rows
    .map(({ name, points }, index) => {
      const y = box.y + 14 + index * 20
      const value = inUnit(points.at(-1)?.[1] ?? Number.NaN, panel.fieldConfig.defaults.unit)
      // The name last: it may be long.
      return text(box.x + 60, y, value, 'text-anchor="end"') + text(box.x + 80, y, name)
    })
    .join('')
}

function drawChart(panel: Panel, given: readonly Line[], box: Box, span: Span): string {
  const { unit, custom } = panel.fieldConfig.defaults
  const isStacked = custom?.stacking.mode === 'normal'
  const lines = isStacked ? stack(given, span) : given
  const colours = coloursOf(panel, given)
  const legend = layLegend(given, colours, box)
  const plot = { x: box.x + 56, y: box.y + 4, width: box.width - 62, height: box.height - 28 - legend.height }
  const makeScale = custom?.scaleDistribution?.type === 'log' ? logarithmicScale : linearScale
  const { marks, share } = makeScale(lines.flatMap(({ points }) => points.map(([, value]) => value)))
  const toX = (seconds: number) => plot.x + ((seconds - span.from) / (span.to - span.from)) * plot.width
  const toY = (value: number) => plot.y + plot.height * (1 - share(value))
  const grid = marks.map((mark) => {
    const y = toY(mark)
    return `<path d="M${plot.x} ${round(y)}h${plot.width}" stroke="#e4e5e6"/>${text(plot.x - 6, y + 4, inUnit(mark, unit), 'text-anchor="end" fill="#6e6e6e"')}`
  })
  const times = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const seconds = span.from + part * (span.to - span.from)
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle'
    return text(toX(seconds), plot.y + plot.height + 16, clockTime(seconds), `text-anchor="${anchor}" fill="#6e6e6e"`)
  })
  // What is on top of a stack is drawn first, so that what is below covers its foot.
  const drawn = lines.map(({ points }, index) => {
    const colour = colours[index]
    const at = (seconds: number, value: number) => `${round(toX(seconds))} ${round(toY(value))}`
    const path = points.map(([seconds, value], order) => {
      const isNext = order > 0 && seconds - (points[order - 1]?.[0] ?? 0) < span.stepSeconds * 1.5
      return `${isNext ? 'L' : 'M'}${at(seconds, value)}`
    })
    // A stack has a height at every step.
    const foot = `L${at(points.at(-1)?.[0] ?? span.to, 0)}L${at(points[0]?.[0] ?? span.from, 0)}Z`
    const area = isStacked ? `<path d="${path.join('')}${foot}" fill="${colour}"/>` : ''
    return `${area}<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`
  })
  return [...grid, ...times, ...drawn.reverse(), legend.svg].join('')
}

/** Every line on top of the ones before. */
function stack(lines: readonly Line[], { from, to, stepSeconds }: Span): readonly Line[] {
  const heights = new Map<number, number>()
  const times = Array.from(
    { length: Math.floor((to - from) / stepSeconds) + 1 },
    (_, index) => from + index * stepSeconds,
  )
  return lines.map(({ name, points }) => {
    const values = new Map(points.map(([seconds, value]) => [seconds, value]))
    return {
      name,
      points: times.map((seconds) => {
        const height = (heights.get(seconds) ?? 0) + (values.get(seconds) ?? 0)
        heights.set(seconds, height)
        return [seconds, height] as const
      }),
    }
  })
}

/** Those that the panel gives by name, else one after the other. */
function coloursOf({ fieldConfig }: Panel, lines: readonly Line[]): readonly string[] {
  return lines.map(({ name }, index) => {
    const override = fieldConfig.overrides.find(({ matcher }) => matcher.options === name)
    const named = NAMED[override?.properties[0]?.value.fixedColor ?? '']
    return named ?? COLOURS[index % COLOURS.length] ?? '#000'
  })
}

/** Names with their colours, at the foot of a box, in as many rows as they need. */
function layLegend(
  lines: readonly Line[],
  colours: readonly string[],
  box: Box,
): { readonly svg: string; readonly height: number } {
  let x = 0
  let row = 0
  const placed = lines.map(({ name }) => {
    const width = 28 + name.length * 7
    if (x > 0 && x + width > box.width) {
      x = 0
      row++
    }
    const spot = { name, x, row }
    x += width
    return spot
  })
  const height = (row + 1) * 16
  const svg = placed.map((spot, index) => {
    const y = box.y + box.height - height + spot.row * 16 + 12
    const mark = `<rect x="${round(box.x + spot.x)}" y="${round(y - 8)}" width="10" height="8" fill="${colours[index]}"/>`
    return mark + text(box.x + spot.x + 14, y, spot.name)
  })
  return { svg: svg.join(''), height }
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19)
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`
}

function place({ x, y, width, height }: Box): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

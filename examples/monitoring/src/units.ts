/** A number as a reader of the panel wants it. `unit` is Grafana's name. */
export function inUnit(value: number, unit: string): string {
  if (unit === 'percentunit') return `${(value * 100).toFixed(0)} %`
  if (unit === 's') return seconds(value)
  const suffix = unit === 'reqps' ? '/s' : unit === 'ops' ? ' op/s' : ''
  return `${short(value)}${suffix}`
}

function seconds(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0 s'
  if (size < 1e-3) return `${short(value * 1e6)} µs`
  if (size < 1) return `${short(value * 1e3)} ms`
  if (size < 120) return `${short(value)} s`
  return size < 7200 ? `${short(value / 60)} min` : `${short(value / 3600)} h`
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** Ends of about four steps of 1, 2 or 5 from 0 to at least `highest`. */
export function ticks(highest: number): readonly number[] {
  const most = highest > 0 ? highest : 1
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = ([1, 2, 5, 10].find((factor) => factor * power * 4 >= most) ?? 10) * power
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => index * step)
}

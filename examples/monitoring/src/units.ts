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
  if (size < 600) return `${short(value)} s`
  return size < 7200 ? `${short(value / 60)} min` : `${short(value / 3600)} h`
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

import { UsageError } from './errors.js'

const UNIX_SECONDS = /^[1-9][0-9]{9}$/
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
const DURATION = /^([0-9]{1,7})([smhdw])$/
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/**
 * A moment: `now`, Unix seconds, ISO 8601 with a zone, or a time from now as `+90s`, `+5m`, `+24h`, `+7d`, `+2w`, with `-` for the past.
 *
 * @returns NumericDate
 * @throws {UsageError}
 */
export function parseMoment(option: string, text: string, now: number): number {
  if (text === 'now') return Math.floor(now)
  if (UNIX_SECONDS.test(text)) return Number(text)
  if (text.startsWith('+') && DURATION.test(text.slice(1))) return Math.floor(now) + secondsOf(text.slice(1))
  if (text.startsWith('-') && DURATION.test(text.slice(1))) return Math.floor(now) - secondsOf(text.slice(1))
  const milliseconds = ISO.test(text) && isDay(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(milliseconds)) return Math.floor(milliseconds / 1000)
  const isMilliseconds = /^[1-9][0-9]{12}$/.test(text)
  throw new UsageError(
    isMilliseconds ? `${option} has thirteen digits: milliseconds` : `${option} is no moment`,
    'Give Unix seconds (ten digits), 2026-11-23T12:00:00Z (with a zone), +24h, or now.',
  )
}

/** Date.parse takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}

/**
 * A length of time: `90s`, `5m`, `24h`, `7d`, `2w`.
 *
 * @returns seconds
 * @throws {UsageError}
 */
export function parseDuration(option: string, text: string): number {
  if (!DURATION.test(text))
    throw new UsageError(`${option} is no length of time`, 'Give a number and a unit: 90s, 5m, 24h, 7d, 2w.')
  return secondsOf(text)
}

function secondsOf(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT_SECONDS[text.slice(-1)] ?? Number.NaN)
}

/** A NumericDate as people write it. */
export function formatMoment(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}

/** How far off a moment is, in one unit: `in 3 h`, `5 min ago`. */
export function formatDistance(seconds: number, now: number): string {
  const distance = Math.round(Math.abs(seconds - now))
  const amount =
    distance >= 172_800
      ? `${Math.round(distance / 86_400)} days`
      : distance >= 7200
        ? `${Math.round(distance / 3600)} h`
        : distance >= 120
          ? `${Math.round(distance / 60)} min`
          : `${distance} s`
  return seconds > now ? `in ${amount}` : `${amount} ago`
}

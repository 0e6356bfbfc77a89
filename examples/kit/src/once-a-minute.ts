const MINUTE = 60_000

/**
 * Tells of something that happens again and again: of the first time at once, of those after it once a minute, with their count.
 *
 * @param tell - is given how many, and what was said of the latest
 */
export function onceAMinute(tell: (count: number, latest: string) => void): (latest: string) => void {
  let untold = 0
  let latest = ''
  let timer: NodeJS.Timeout | undefined
  const tellNow = (): void => {
    timer = undefined
    if (untold === 0) return
    const count = untold
    untold = 0
    timer = setTimeout(tellNow, MINUTE).unref()
    tell(count, latest)
  }
  return (what) => {
    untold++
    latest = what
    if (timer === undefined) tellNow()
  }
}

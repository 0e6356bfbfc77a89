const TELL_SECONDS = 60

let untold = 0
let latest = ''
let timer: NodeJS.Timeout | undefined

/**
 * Tells the operator of an audit record that could not be written: of the first at once, of those after it once a minute, with their count.
 * By the class of the error only: its text may hold anything.
 */
export function warnOfLostRecord(error: unknown): void {
  untold++
  latest = error instanceof Error ? error.name : typeof error
  if (timer === undefined) tell()
}

function tell(): void {
  timer = undefined
  if (untold === 0) return
  const records = untold === 1 ? 'an audit record' : `${untold} audit records`
  untold = 0
  timer = setTimeout(tell, TELL_SECONDS * 1000).unref()
  process.emitWarning(`${records} could not be written: ${latest}`, { type: 'CountersignWarning' })
}

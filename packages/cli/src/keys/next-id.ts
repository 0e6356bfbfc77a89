const DATE = /\d{4}-\d{2}(-\d{2})?$/
const NUMBER = /^(.*[._:-])(\d{1,6})$/

/**
 * A name for the successor of a key: the month or day at its end becomes that of `at`, a number at its end the next one, and a name without either
 * gets the number 2.
 *
 * @param at - NumericDate
 */
export function nextId(id: string, at: number, isTaken: (id: string) => boolean): string {
  const day = new Date(at * 1000).toISOString().slice(0, 10)
  const isDated = DATE.test(id)
  const dated = id.replace(DATE, (date) => day.slice(0, date.length))
  if (isDated && !isTaken(dated)) return dated
  const [, stem, number] = isDated ? [id, `${id}.`, '1'] : (NUMBER.exec(id) ?? [id, `${id}-`, '1'])
  let next = Number(number) + 1
  while (isTaken(`${stem}${next}`)) next++
  return `${stem}${next}`
}

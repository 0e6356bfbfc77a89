import { refusal } from '../errors.js'

/**
 * The value of a field that may stand once only, or `undefined` where it is absent. The only way in which a security
 * header is read: Node keeps the first of two `Authorization` fields silently and joins others with a comma.
 *
 * @param rawHeaders - name, value, name, value … as received
 * @param name - in lower case
 * @throws {CredentialError} `duplicate_header`
 */
export function singleField(rawHeaders: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] as string
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    if (value !== undefined) throw refusal('duplicate_header')
    value = rawHeaders[index + 1] as string
  }
  return value
}

import { readFileSync } from 'node:fs'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads settings from the environment: each is `NAME`, or the content of the file that `NAME_FILE` names, without one line end.
 *
 * @throws {Error} naming every setting that is missing, empty, given twice or in a file that cannot be read; never a value
 */
export function settings<const Name extends string>(
  names: readonly Name[],
  environment: Environment = process.env,
): Readonly<Record<Name, string>> {
  const faults: string[] = []
  const entries = names.map((name) => [name, readSetting(name, environment, faults)])
  if (faults.length > 0) throw new Error(`settings: ${faults.join('; ')}`)
  // Every name stands in the entries, once.
  return Object.fromEntries(entries) as Record<Name, string>
}

function readSetting(name: string, environment: Environment, faults: string[]): string {
  const value = environment[name]
  const file = environment[`${name}_FILE`]
  if (value !== undefined && file !== undefined) faults.push(`${name} and ${name}_FILE are both given`)
  else if (file !== undefined) return readSettingFile(name, file, faults)
  else if (value === undefined || value === '') faults.push(`${name} (or ${name}_FILE) is missing`)
  return value ?? ''
}

function readSettingFile(name: string, file: string, faults: string[]): string {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    if (text === '') faults.push(`the file of ${name}_FILE is empty`)
    return text
  } catch {
    faults.push(`the file of ${name}_FILE cannot be read`)
    return ''
  }
}

/**
 * A shared secret: the text of `NAME`, or the bytes that `NAME_HEX` writes in hexadecimal, as `countersign keys create` does. Either may
 * come from a file.
 *
 * @throws {Error} as `settings` does, and for what is not hexadecimal
 */
export function secretSetting(name: string, environment: Environment = process.env): string | Uint8Array {
  const hexName = `${name}_HEX`
  const isHex = environment[hexName] !== undefined || environment[`${hexName}_FILE`] !== undefined
  const { [isHex ? hexName : name]: text = '' } = settings([isHex ? hexName : name], environment)
  if (!isHex) return text
  if (!/^(?:[0-9a-f]{2})+$/.test(text)) throw new Error(`settings: ${hexName} must be hexadecimal, in lower case`)
  return Buffer.from(text, 'hex')
}

/**
 * The port to listen on: `PORT` or the like, else `fallback`.
 *
 * @throws {Error} for anything but a whole number from 0 to 65535; 0 is any free port
 */
export function portSetting(fallback: number, environment: Environment = process.env, name: string = 'PORT'): number {
  const text = environment[name] ?? String(fallback)
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`settings: ${name} must be a number from 0 to 65535`)
  return Number(text)
}

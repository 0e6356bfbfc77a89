import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portSetting, secretSetting, settings } from '../src/settings.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const file = (content: string): string => {
  const path = join(directory, 'secret')
  writeFileSync(path, content)
  return path
}

describe('settings', () => {
  it('reads a value as it is', () => {
    expect(settings(['A', 'B'], { A: 'one', B: ' two ' })).toEqual({ A: 'one', B: ' two ' })
  })

  it('reads a file without one line end, and keeps a second one', () => {
    expect(settings(['A'], { A_FILE: file('one\n') })).toEqual({ A: 'one' })
    expect(settings(['A'], { A_FILE: file('one\r\n') })).toEqual({ A: 'one' })
    expect(settings(['A'], { A_FILE: file('one\n\n') })).toEqual({ A: 'one\n' })
  })

  it('names everything that is missing at once', () => {
    expect(() => settings(['A', 'B', 'C'], { A: '', C: 'three' })).toThrow(
      'settings: A (or A_FILE) is missing; B (or B_FILE) is missing',
    )
  })

  it('refuses a value beside a file, an empty file and a file that is not there', () => {
    expect(() => settings(['A'], { A: 'one', A_FILE: file('two') })).toThrow('A and A_FILE are both given')
    expect(() => settings(['A'], { A_FILE: file('\n') })).toThrow('the file of A_FILE is empty')
    expect(() => settings(['A'], { A_FILE: join(directory, 'nothing') })).toThrow('the file of A_FILE cannot be read')
  })
})

describe('secretSetting', () => {
  it('reads text as it is, and hexadecimal as the bytes that it writes', () => {
    expect(secretSetting('A', { A: '00ff' })).toBe('00ff')
    expect(secretSetting('A', { A_FILE: file('text\n') })).toBe('text')
    expect(secretSetting('A', { A_HEX: '00ff' })).toEqual(Buffer.from([0, 255]))
    expect(secretSetting('A', { A_HEX_FILE: file('00ff\n') })).toEqual(Buffer.from([0, 255]))
  })

  it.each(['00f', '00FF', '0x00', ' 00', '00 '])('refuses %j for hexadecimal', (text) => {
    expect(() => secretSetting('A', { A_HEX: text })).toThrow('A_HEX must be hexadecimal')
  })

  it('names what is missing', () => {
    expect(() => secretSetting('A', {})).toThrow('settings: A (or A_FILE) is missing')
    expect(() => secretSetting('A', { A_HEX: '' })).toThrow('settings: A_HEX (or A_HEX_FILE) is missing')
  })
})

describe('portSetting', () => {
  it('takes 0 to 65535, and the fallback where PORT is absent', () => {
    expect(portSetting(3000, {})).toBe(3000)
    expect(portSetting(3000, { PORT: '0' })).toBe(0)
    expect(portSetting(3000, { PORT: '65535' })).toBe(65_535)
  })

  it.each(['65536', '-1', '80.0', '0x50', '', ' 80', 'http'])('refuses %j', (port) => {
    expect(() => portSetting(3000, { PORT: port })).toThrow('PORT must be a number from 0 to 65535')
  })
})

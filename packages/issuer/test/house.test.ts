import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url))

const FILES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/').slice(0, -'.ts'.length))

const textOf = (file: string) => readFileSync(`${SOURCE}${file}.ts`, 'utf8')

function importsOf(file: string): readonly string[] {
  return [...textOf(file).matchAll(/from '(\.[^']+)\.js'/g)].map(([, path]) =>
    posix.join(posix.dirname(file), path ?? ''),
  )
}

/** All that a file stands on. */
function below(file: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const other of importsOf(file)) {
    if (seen.has(other)) continue
    seen.add(other)
    below(other, seen)
  }
  return seen
}

const filesWith = (pattern: RegExp) => FILES.filter((file) => pattern.test(textOf(file))).sort()

describe('the issuer', () => {
  it('has no circles, types included', () => {
    expect(FILES.filter((file) => below(file).has(file))).toEqual([])
  })

  it('signs in one place', () => {
    expect(filesWith(/from 'jsonwebtoken'/)).toEqual(['sign'])
  })

  it('knows no framework but where it serves one', () => {
    expect(filesWith(/from '(?:fastify|express)'/)).toEqual(['express', 'fastify'])
    expect([...below('index')].filter((file) => ['express', 'fastify'].includes(file))).toEqual([])
  })

  it('tells the time by the injected clock', () => {
    expect(filesWith(/Date\.now\(\)|new Date\(\)/)).toEqual([])
  })
})

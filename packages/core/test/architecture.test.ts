import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { REASONS } from '../src/reason.js'

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))

/** The sources of a package: path below `src`, and text without comments. */
function sources(name: string): readonly { readonly file: string; readonly code: string }[] {
  const root = `${PACKAGES}${name}/src/`
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({
      file: file.replaceAll('\\', '/'),
      code: readFileSync(root + file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''),
    }))
}

const core = sources('core')
const adapters = ['fastify', 'express'].map((name) => ({ name, files: sources(name) }))
const filesWith = (pattern: RegExp, files = core) =>
  files.filter(({ code }) => pattern.test(code)).map(({ file }) => file)
/** What a file imports, in whatever way: `import`, `export … from`, `import()`, `require`. */
const importing = (name: string) => new RegExp(`(?:from|import|require)\\s*\\(?\\s*'${name}(?:/[^']*)?'`)

describe('core', () => {
  it('has one file that knows jsonwebtoken', () => {
    expect(filesWith(importing('jsonwebtoken'))).toEqual(['bearer/signature.ts'])
  })

  it('knows no framework', () => {
    expect(filesWith(importing('(?:fastify|express|fastify-plugin)'))).toEqual([])
  })

  it('compares secret bytes in one place', () => {
    expect(filesWith(/timingSafeEqual/)).toEqual(['bytes.ts'])
  })

  it('looks headers up by name in two places: one refuses a second field, one reads ids that prove nothing', () => {
    // The last two ask no more than whether a header is there at all.
    const readers = ['http/field.ts', 'http/ids.ts', 'hmac/parameters.ts', 'attempt.ts']
    expect(filesWith(/rawHeaders\[/).toSorted()).toEqual(readers.toSorted())
  })

  it('tells the time by the injected clock: nothing else asks for the date', () => {
    expect(filesWith(/Date\.now\(\)|new Date\(\)/)).toEqual(['clock.ts'])
  })

  it('writes statuses of denials in the one table', () => {
    const statuses = [...new Set(Object.values(REASONS).map(({ status }) => status))].filter((status) => status !== 500)
    const literal = new RegExp(`status(?::| ===?) (?:${statuses.join('|')})\\b`)
    // An attempt asks which of its challenges go with a status; it gives none.
    expect(filesWith(literal).filter((file) => file !== 'attempt.ts')).toEqual(['reason.ts'])
  })
})

describe.each(adapters)('the adapter for $name', ({ files }) => {
  it('decides nothing: it names no reason and no status', () => {
    expect(filesWith(new RegExp(`['"\`](?:${Object.keys(REASONS).join('|')})['"\`]`), files)).toEqual([])
    expect(filesWith(/\b[45]\d\d\b/, files)).toEqual([])
  })

  it('does no cryptography, reads no header and logs nothing', () => {
    expect(filesWith(importing('(?:node:crypto|jsonwebtoken|pino)'), files)).toEqual([])
    expect(filesWith(/\.headers\b(?!,)|rawHeaders\[/, files).filter((file) => file !== 'send-reply.ts')).toEqual([])
    expect(filesWith(/console\.|\.log\.(?:info|warn|error)/, files)).toEqual([])
  })
})

it('both adapters have the same files, but for what their framework needs alone', () => {
  const [fastify, express] = adapters.map(({ files }) => files.map(({ file }) => file).sort())
  const shared = ['augment.ts', 'index.ts', 'options.ts', 'raw-body.ts', 'send-reply.ts', 'to-request-view.ts']
  expect(fastify).toEqual([...shared, 'census.ts', 'plugin.ts'].sort())
  expect(express).toEqual([...shared, 'middleware.ts', 'router.ts'].sort())
})

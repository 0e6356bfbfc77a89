import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { VECTORS } from './vectors.js'

interface VectorFile {
  readonly schema: string
  readonly numberOfTests: number
  readonly notes: Readonly<Record<string, string>>
  readonly testGroups: readonly {
    readonly tests: readonly { readonly id: string; readonly flags: readonly string[] }[]
  }[]
}

const json = (path: string) => JSON.parse(readFileSync(new URL(path, VECTORS), 'utf8'))
const schemas = readdirSync(new URL('schema/', VECTORS)).sort()
/** Schemas that no vector file goes with. */
const ALONE = ['common', 'key-file']
const names = schemas.map((name) => name.replace('.schema.json', '')).filter((name) => !ALONE.includes(name))
const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false })
for (const name of schemas) ajv.addSchema(json(`schema/${name}`), name)

describe.each(names)('%s.json', (name) => {
  const file = json(`${name}.json`)

  it('follows its schema', () => {
    const validate = ajv.getSchema(`${name}.schema.json`)
    expect(validate?.(file), ajv.errorsText(validate?.errors)).toBe(true)
  })
})

describe.each(names.filter((name) => name !== 'target'))('the tests of %s.json', (name) => {
  const file: VectorFile = json(`${name}.json`)
  const tests = file.testGroups.flatMap((group) => group.tests)

  it('are as many as it says, each with an id of its own', () => {
    expect(tests).toHaveLength(file.numberOfTests)
    expect(new Set(tests.map(({ id }) => id)).size).toBe(tests.length)
    expect(file.schema).toBe(`schema/${name}.schema.json`)
  })

  it('use flags that it explains, and every one of these', () => {
    expect([...new Set(tests.flatMap(({ flags }) => flags))].sort()).toEqual(Object.keys(file.notes).sort())
  })
})

import { describe, expect, it } from 'vitest'
import { PROBES } from '../src/probes/index.js'
import { NOT_APPLICABLE, REQUIREMENTS } from '../src/requirements.js'

const ids = REQUIREMENTS.map(({ id }) => id)
const cited = new Set(PROBES.flatMap((probe) => probe.ids))

describe('requirements', () => {
  it('have ids that are unique', () => {
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => id in NOT_APPLICABLE)).toEqual([])
  })

  it('have ids that stay what they are', () => {
    expect(ids.join(' ')).toMatchSnapshot()
  })

  it('say what is done in one sentence, and where that comes from', () => {
    for (const { behaviour, source } of REQUIREMENTS) {
      expect(behaviour).toMatch(/^[a-zA-Z0-9].*[^.]$/)
      expect(source).not.toBe('')
    }
  })

  it.each(REQUIREMENTS.map(({ id, behaviour }) => [id, behaviour]))('%s is probed: %s', (id) => {
    expect(cited).toContain(id)
  })
})

describe('probes', () => {
  it('cite requirements that are known', () => {
    expect([...cited].filter((id) => !ids.includes(id))).toEqual([])
  })

  it('have titles of their own', () => {
    const titles = PROBES.map(({ ids: [id], title }) => `${id} ${title}`)
    expect(new Set(titles).size).toBe(titles.length)
  })
})

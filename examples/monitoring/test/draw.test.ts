import { describe, expect, it } from 'vitest'
import { readPanels } from '../src/dashboard.js'
import { drawPage } from '../src/draw.js'
import { linearScale, logarithmicScale } from '../src/scale.js'
import { inUnit } from '../src/units.js'

describe('a linear axis', () => {
  it('goes from 0 in about four steps of 1, 2 or 5 to at least the highest', () => {
    expect(linearScale([0.3, 38]).marks).toEqual([0, 10, 20, 30, 40])
    expect(linearScale([40]).marks).toEqual([0, 10, 20, 30, 40])
    expect(linearScale([41]).marks).toEqual([0, 20, 40, 60])
    expect(linearScale([0]).marks.at(-1)).toBe(1)
  })

  it('has 0 at its foot and the last mark at its top', () => {
    expect([0, 20, 40].map(linearScale([40]).share)).toEqual([0, 0.5, 1])
  })
})

describe('a logarithmic axis', () => {
  it('goes from a power of ten to a power of ten, of at least one decade', () => {
    expect(logarithmicScale([0.002, 0.9]).marks).toEqual([0.001, 0.01, 0.1, 1])
    expect(logarithmicScale([0.001, 1]).marks).toEqual([0.001, 0.01, 0.1, 1])
    expect(logarithmicScale([1]).marks).toEqual([1, 10])
  })

  it('has what is not above zero at its foot, and is linear where nothing is above', () => {
    const { share } = logarithmicScale([0, 0.01, 1])
    expect([0, 0.01, 0.1, 1].map(share)).toEqual([0, 0, 0.5, 1])
    expect(logarithmicScale([0]).marks).toEqual(linearScale([0]).marks)
  })
})

describe('a line', () => {
  const panel = readPanels().find(({ title }) => title === 'Duration of verification')
  if (panel === undefined) throw new Error('the dashboard has no such panel')
  const pathOf = (times: readonly number[]) => {
    const line = { name: 'bearer p50', points: times.map((seconds) => [seconds, 0.01] as const) }
    const page = drawPage('', [[panel, [line]]], { from: 0, to: 10, stepSeconds: 1, rateInterval: '1s' })
    return /<path d="(M[^"]+)" fill="none"/.exec(page)?.[1] ?? ''
  }

  it('goes on from one step to the next, and is broken where a step is missing', () => {
    expect(pathOf([3, 4, 5, 6]).replaceAll(/[0-9. ]/g, '')).toBe('MLLL')
    expect(pathOf([3, 4, 6, 7]).replaceAll(/[0-9. ]/g, '')).toBe('MLML')
  })
})

describe('seconds', () => {
  it('are told in the unit that reads best', () => {
    expect([0, 2e-6, 0.0004, 0.25, 599, 600, 7200].map((value) => inUnit(value, 's'))).toEqual([
      '0 s',
      '2 µs',
      '400 µs',
      '250 ms',
      '599 s',
      '10 min',
      '2 h',
    ])
  })
})

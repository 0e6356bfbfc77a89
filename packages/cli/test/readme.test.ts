import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../../.config/readme/blocks.js'
import { desk } from './kit.js'
import { Shell } from './shell.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const shell = new Shell()
afterAll(() => shell.remove())

// The guide to a rotation runs on live services: noon.test.ts.
const blocks = blocksOf(README, 'bash').filter((block) => !block.includes('$SERVICES'))

describe('the README', () => {
  it.each(blocks.map((block, index) => [block.split('\n')[0], index]))(
    'has a block that works: %s',
    async (_, index) => {
      expect(await shell.run(blocks[Number(index)] ?? '')).toMatchObject({ code: 0, err: '' })
    },
  )

  it('has an example of every command', async () => {
    const at = desk()
    const text = blocksOf(README, 'bash').join('')
    const groups = ['keys', 'token']
    for (const name of (await at.ok(['--help'])).match(/(?<=^ {2})[a-z]+(?= )/gm) ?? []) {
      if (name === 'help') continue
      const commands = groups.includes(name)
        ? ((await at.ok([name, '--help'])).match(/(?<=^ {2})[a-z-]+(?= )/gm) ?? [])
        : ['']
      for (const command of commands)
        if (command !== 'help') expect(text).toContain(`countersign ${name} ${command}`.trim())
    }
  })

  it('names exit codes and options that are there', async () => {
    const at = desk()
    const help = await Promise.all(
      [
        ['keys', 'create'],
        ['keys', 'rotate'],
        ['keys', 'retire'],
        ['keys', 'import'],
        ['keys', 'list'],
        ['token', 'mint'],
        ['token', 'inspect'],
        ['sign'],
        ['verify'],
        ['completion'],
      ].map((name) => at.ok([...name, '--help'])),
    )
    const known = new Set(help.join('').match(/--[a-z-]+/g))
    const named = [...readFileSync(README, 'utf8').matchAll(/`(--[a-z-]+)/g)].map(([, option]) => option)
    expect(named.filter((option) => !known.has(option ?? ''))).toEqual([])
    expect(named.length).toBeGreaterThan(20)
  })
})

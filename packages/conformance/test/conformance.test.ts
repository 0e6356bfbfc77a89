import { afterAll, describe, expect, it } from 'vitest'
import { NOW } from '../src/foreign/mint.js'
import type { Probe } from '../src/probe.js'
import { PROBES } from '../src/probes/index.js'
import { type LedgerEntry, ProbeTarget } from '../src/send.js'
import { startSubject } from '../src/subject/start.js'
import { SUBJECTS, type Subject, type SubjectName } from '../src/subject/subject.js'

const FRAMEWORKS = ['fastify', 'express', 'express4'] as const
const CONFIGURATION = PROBES.filter(({ kind }) => kind === 'configuration')
const REQUESTS = PROBES.filter(({ kind }) => kind !== 'configuration')

const subjects = new Map<SubjectName, Promise<Subject>>()
const runs = new Map<string, Promise<readonly LedgerEntry[]>>()

afterAll(async () => {
  for (const subject of subjects.values()) await (await subject).close()
})

function subjectOf(name: SubjectName): Promise<Subject> {
  const subject = subjects.get(name) ?? startSubject(name, { now: NOW })
  subjects.set(name, subject)
  return subject
}

/** Runs a probe on a subject, once, whichever test asks first; answers what came back. */
function run(probe: Probe, name: SubjectName): Promise<readonly LedgerEntry[]> {
  const number = PROBES.indexOf(probe)
  const key = `${name} ${number}`
  const earlier = runs.get(key)
  if (earlier !== undefined) return earlier
  const answers = subjectOf(name).then(async (subject) => {
    const target = new ProbeTarget(subject, `${probe.ids[0]}.${number}`)
    try {
      await probe.run(target)
      return target.ledger
    } finally {
      await target.close()
    }
  })
  runs.set(key, answers)
  return answers
}

const titled = (probes: readonly Probe[]) =>
  probes.map((probe) => [`${probe.ids.join(' ')} ${probe.title}`, probe] as const)

describe.each(SUBJECTS)('on %s', (name) => {
  const probes = REQUESTS.filter(({ kind }) => name !== 'core' || kind === 'every')
  it.each(titled(probes))('%s', async (_title, probe) => {
    expect((await run(probe, name)).length).toBeGreaterThan(0)
  })
})

describe('Fastify 5, Express 5 and Express 4 answer byte for byte alike:', () => {
  it.each(titled(REQUESTS))('%s', async (_title, probe) => {
    const [fastify, express, express4] = await Promise.all(FRAMEWORKS.map((name) => run(probe, name)))
    expect(express?.map(({ answer }) => answer)).toEqual(fastify?.map(({ answer }) => answer))
    expect(express4?.map(({ answer }) => answer)).toEqual(fastify?.map(({ answer }) => answer))
    if (probe.kind !== 'every') return
    const core = await run(probe, 'core')
    expect(core.map(({ essence }) => essence)).toEqual(fastify?.map(({ essence }) => essence))
  })
})

describe('by itself', () => {
  it.each(titled(CONFIGURATION))('%s', async (_title, probe) => {
    expect.hasAssertions()
    await expect(probe.run(new ProbeTarget(await subjectOf('core'), 'configuration'))).resolves.toBeUndefined()
  })
})

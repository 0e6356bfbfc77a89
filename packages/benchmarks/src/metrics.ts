import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSigner } from '@countersign/client'
import {
  ATTEMPT_CHANNEL,
  bearer,
  createVerifier,
  hmac,
  keyRing,
  memoryReplayStore,
  type RequestView,
  type SchemeOptions,
  staticKeys,
  type Verifier,
} from '@countersign/core'
import { collectMetrics } from '@countersign/prometheus'
import { Registry } from 'prom-client'
import { AUDIENCE, ISSUER, makeToken, makeTokenKey, Pool, signedViewOf, toStaticKey, viewOf } from './material.js'
import { type Contender, contender, type Scenario } from './rounds.js'

/** What counting attempts costs where nothing is logged: first nothing listens, then somebody who does nothing, then the metrics. */
export async function metricsGroup(): Promise<readonly Scenario[]> {
  const key = makeTokenKey('HS256')
  const bearers = Array.from({ length: 1000 }, () => `Bearer ${makeToken(key)}`)
  const secret = randomBytes(32)
  const signer = createSigner({ keyId: 'billing-2026-11', secret, audience: AUDIENCE })
  const headers = { 'content-type': 'application/json' }
  const body = Buffer.alloc(0)
  const signed = () => signedViewOf(signer.sign({ method: 'POST', url: '/orders', headers, body }), body)
  const tokens = bearer({
    issuers: [{ issuer: ISSUER, algorithms: [key.algorithm], keys: staticKeys([toStaticKey(key)]) }],
  })
  const requests = hmac({
    keys: keyRing([{ id: 'billing-2026-11', client: 'billing', secret }]),
    replay: memoryReplayStore({ maxEntries: 10_000_000 }),
  })
  const { next } = new Pool(bearers)
  return [
    scenario('Metrics: repeated tokens, HS256', tokens, () => viewOf(next()), 'allow'),
    scenario('Metrics: signed requests without a body', requests, signed, 'allow'),
    scenario('Metrics: denied for want of credentials', tokens, () => viewOf(), 'deny'),
  ]
}

function scenario(
  title: string,
  scheme: SchemeOptions,
  prepare: () => RequestView,
  outcome: 'allow' | 'deny',
): Scenario {
  const verifier = createVerifier({ audience: AUDIENCE, schemes: [scheme], audit: null })
  const verifying = (name: string) =>
    contender(name, prepare, (view) => {
      const decision = verifier.verify(view, 'authenticated')
      return !(decision instanceof Promise) && decision.outcome === outcome
    })
  return {
    title,
    contenders: [
      verifying('nothing listens'),
      whileSomething(verifying('somebody listens to countersign:attempt and does nothing'), listenIdly),
      whileSomething(verifying('metrics are collected'), () => collect(verifier)),
    ],
  }
}

/** The channel is one for the process: who listens to it must not be there when the others are measured. */
function whileSomething(inner: Contender, begin: () => () => void): Contender {
  return {
    name: inner.name,
    async time(count) {
      const end = begin()
      await inner.time(1)
      const microseconds = await inner.time(count)
      end()
      return microseconds
    },
  }
}

function idle(): void {}

function listenIdly(): () => void {
  subscribe(ATTEMPT_CHANNEL, idle)
  return () => {
    unsubscribe(ATTEMPT_CHANNEL, idle)
  }
}

function collect(verifier: Verifier): () => void {
  const collector = collectMetrics({ verifiers: { orders: verifier }, register: new Registry() })
  return () => collector.close()
}

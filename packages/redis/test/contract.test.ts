import { memoryReplayStore, memoryRevocation } from '@countersign/core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import {
  type ConnectedClient,
  connectClient,
  EARLIER_LIBRARIES,
  LIBRARIES,
} from '../../conformance/src/redis/clients.js'
import { cluster, type Deployment, sentinel, single } from '../../conformance/src/redis/deployments.js'
import { FOUND_PROGRAMS, PROGRAMS } from '../../conformance/src/redis/server.js'
import { type RedisConnection, redisConnection, redisReplayStore, redisRevocation } from '../src/index.js'
import { replayStoreContract } from './contract/replay-store.js'
import { revocationStoreContract } from './contract/revocation-store.js'

describe('in memory', () => {
  replayStoreContract(() => memoryReplayStore())
  revocationStoreContract(() => memoryRevocation())
})

const DEPLOYMENTS = { single, cluster, sentinel }

let stores = 0

for (const program of PROGRAMS.filter((program) => !FOUND_PROGRAMS.includes(program))) {
  it.skip(`on ${program}: SKIPPED, for there is no ${program} on this machine`)
}

describe.each(FOUND_PROGRAMS)('%s', (program) => {
  describe.each(Object.entries(DEPLOYMENTS))('%s', (_kind, start) => {
    let deployment: Deployment
    beforeAll(async () => {
      deployment = await start(program)
    })
    afterAll(() => deployment?.stop())

    describe.each([...LIBRARIES, ...EARLIER_LIBRARIES])('with %s', (library) => {
      let connected: ConnectedClient
      beforeAll(async () => {
        connected = await connectClient(library, deployment)
      })
      afterAll(() => connected?.close())

      const connection = (): RedisConnection => {
        // A machine that is busy with other tests is not the store's fault.
        return redisConnection({ client: connected.client, prefix: `test-${++stores}`, timeoutSeconds: 5 })
      }
      replayStoreContract(() => redisReplayStore(connection()))
      revocationStoreContract(() => redisRevocation(connection()))

      describe('alone, without what the process remembers itself', () => {
        replayStoreContract(() => redisReplayStore(connection(), { localEntries: null }))
      })
    })
  })
})

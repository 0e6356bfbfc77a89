import { memoryThrottle } from '@countersign/core/throttle'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type ConnectedClient, connectClient, LIBRARIES } from '../../conformance/src/redis/clients.js'
import { cluster, type Deployment, sentinel, single } from '../../conformance/src/redis/deployments.js'
import { FOUND_PROGRAMS, PROGRAMS } from '../../conformance/src/redis/server.js'
import { redisConnection } from '../src/index.js'
import { redisThrottle } from '../src/throttle.js'
import { throttleContract } from './contract/throttle.js'

describe('in memory', () => {
  throttleContract((limits) => memoryThrottle(limits))
})

let throttles = 0

for (const program of PROGRAMS.filter((program) => !FOUND_PROGRAMS.includes(program))) {
  it.skip(`on ${program}: SKIPPED, for there is no ${program} on this machine`)
}

describe.each(FOUND_PROGRAMS)('%s', (program) => {
  describe.each(Object.entries({ single, cluster, sentinel }))('%s', (_kind, start) => {
    let deployment: Deployment
    beforeAll(async () => {
      deployment = await start(program)
    })
    afterAll(() => deployment?.stop())

    describe.each(LIBRARIES)('with %s', (library) => {
      let connected: ConnectedClient
      beforeAll(async () => {
        connected = await connectClient(library, deployment)
      })
      afterAll(() => connected?.close())

      throttleContract((limits) => {
        // A machine that is busy with other tests is not the store's fault.
        const connection = { client: connected.client, prefix: `test-${++throttles}`, timeoutSeconds: 5, log: null }
        return redisThrottle(redisConnection(connection), limits)
      })
    })
  })
})

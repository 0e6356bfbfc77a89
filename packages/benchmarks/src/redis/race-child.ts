import { connectClient, type Library, redisService } from '@countersign/conformance/redis'
import { redisConnection, redisReplayStore } from '@countersign/redis'
import type { RaceRound } from './race.js'

// One of the processes of a race. The parent names a library of LIBRARIES.
const [port, library] = process.argv.slice(2) as [string, Library]
const { client } = await connectClient(library, { kind: 'single', ports: [Number(port)] })
// So that a machine that is busy with something else answers all the same: what is tried is the race.
const redis = redisConnection({ client, timeoutSeconds: 0.9 })
const { verdict } = redisService(redisReplayStore(redis))

process.on('message', async ({ request, times }: RaceRound) => {
  process.send?.(await Promise.all(Array.from({ length: times }, () => verdict(request))))
})
process.once('disconnect', () => process.exit())
process.send?.('ready')

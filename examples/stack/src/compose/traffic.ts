import { setTimeout as delay } from 'node:timers/promises'
import { reporting, type Sent, send, tokenOf } from './callers.js'
import type { Stack } from './stack.js'

/** Somebody who sends on average so many requests a second, at times that have nothing to do with each other. */
interface Caller {
  readonly perSecond: number
  readonly make: () => Sent | readonly Sent[]
}

const JSON_BODY = { 'content-type': 'application/json' }
const ORDER = JSON.stringify({ item: 'tea', quantity: 1 })
const REDIS_GONE_SECONDS = 20
const FLOOD_SECONDS = 30

/**
 * Sends requests to the stack, good and bad. After a fifth of the time somebody guesses tokens, in the middle Redis is gone, after three
 * quarters a key is rotated.
 */
export async function sendTraffic(stack: Stack, minutes: number, print: (line: string) => void): Promise<void> {
  const seconds = minutes * 60
  const gateway = await stack.url('gateway', 3000)
  const inventory = await stack.url('inventory', 3002)
  const replicas = [await stack.url('orders-1', 3001), await stack.url('orders-2', 3001)] as const
  const orders = () => replicas[Math.random() < 0.5 ? 0 : 1]
  const token = async () => ({
    ada: await tokenOf('ada', stack, gateway),
    rob: await tokenOf('rob', stack, gateway),
  })
  let tokens = await token()
  let sign = await reporting(stack)
  const asAda = (url: string): Sent => ({ url, headers: tokens.ada })
  const buys = (headers: Sent['headers']): Sent => ({
    url: `${gateway}/api/orders`,
    headers: { ...headers, ...JSON_BODY },
    body: ORDER,
  })
  const guess = (): Sent => ({ url: `${orders()}/orders`, headers: forged(tokens.ada) })
  const replay = (): readonly Sent[] => {
    const signed = sign(replicas[0])
    return [signed, { ...signed, url: `${replicas[1]}/orders` }]
  }

  const over = new AbortController()
  const call = (caller: Caller, forSeconds = seconds) => keepCalling(caller, forSeconds, over.signal)
  const calling = [
    call({ perSecond: 8, make: () => asAda(`${gateway}/api/orders`) }),
    call({ perSecond: 1, make: () => buys(tokens.ada) }),
    call({ perSecond: 3, make: () => asAda(`${gateway}/api/stock`) }),
    call({ perSecond: 5, make: () => asAda(`${orders()}/orders`) }),
    call({ perSecond: 7, make: () => sign(orders()) }),
    call({ perSecond: 0.6, make: replay }),
    call({ perSecond: 0.5, make: guess }),
    call({ perSecond: 0.5, make: () => ({ url: `${inventory}/stock`, headers: {} }) }),
    call({ perSecond: 0.4, make: () => buys(tokens.rob) }),
    call({ perSecond: 0.4, make: () => ({ ...sign(orders()), url: `${orders()}/orders?all` }) }),
  ]
  try {
    await delay(seconds * 200)
    print('somebody guesses tokens')
    calling.push(call({ perSecond: 12, make: guess }, FLOOD_SECONDS))
    await delay(seconds * 300)
    print('Redis is gone')
    await stack.must(['kill', 'redis'])
    await delay(REDIS_GONE_SECONDS * 1000)
    await stack.must(['start', 'redis'])
    print('and back')
    tokens = await token()
    await delay(seconds * 250 - REDIS_GONE_SECONDS * 1000)
    print('a key is rotated')
    const files = ['--key-file', '/keys/orders/callers.json', '--secret-out', '/keys/clients/reporting-2.hex']
    await stack.exec('keys', ['countersign', 'keys', 'rotate', 'reporting-1', '--overlap', '1h', ...files])
    // Both replicas read the file within seconds.
    await delay(15_000)
    sign = await reporting(stack, 'reporting-2', 'reporting-2.hex')
  } catch (error) {
    over.abort()
    throw error
  } finally {
    const counts = await Promise.all(calling)
    print(`${counts.reduce((sum, count) => sum + count, 0)} requests`)
  }
}

/** A token with another signature. */
function forged({ authorization = '' }: Sent['headers']): Sent['headers'] {
  const [signed] = /^.*\./.exec(authorization) ?? ['']
  return { authorization: signed + Buffer.alloc(64, Math.floor(Math.random() * 256)).toString('base64url') }
}

/** Returns how many requests were sent. */
async function keepCalling({ perSecond, make }: Caller, seconds: number, signal: AbortSignal): Promise<number> {
  const until = performance.now() + seconds * 1000
  const underWay: Promise<unknown>[] = []
  while (performance.now() < until && !signal.aborted) {
    await delay((-Math.log(1 - Math.random()) / perSecond) * 1000)
    underWay.push(sendAll([make()].flat()))
  }
  await Promise.all(underWay)
  return underWay.length
}

/** What is answered is counted by the services; a connection that fails meanwhile is no matter. */
async function sendAll(requests: readonly Sent[]): Promise<void> {
  for (const request of requests) await send(request).catch(() => {})
}

import { setTimeout as delay } from 'node:timers/promises'
import { reporting, type Sent, send, tokenOf } from './callers.js'
import type { Stack } from './stack.js'

/** Somebody who sends on average so many requests a second, at times that have nothing to do with each other. */
interface Caller {
  readonly perSecond: number
  /** Several are sent one after the other. */
  readonly make: () => readonly Sent[]
}

interface Addresses {
  readonly gateway: string
  readonly inventory: string
  readonly replicas: readonly [string, string]
}

/** Made anew meanwhile. */
interface Credentials {
  ada: Sent['headers']
  rob: Sent['headers']
  sign: (ordersUrl: string) => Sent
}

const FLOOD_SECONDS = 30
const REDIS_GONE_SECONDS = 20
/** Until both replicas have read a changed key file. */
const NEW_KEY_SECONDS = 15

/**
 * Sends requests to the stack, good and bad. After a fifth of the time somebody guesses tokens, in the middle Redis is gone, after three
 * quarters a key is rotated.
 */
export async function sendTraffic(stack: Stack, minutes: number, print: (line: string) => void): Promise<void> {
  const at = await findAddresses(stack)
  const credentials = { ...(await logIn(stack, at)), sign: await reporting(stack) }
  const seconds = minutes * 60
  const over = new AbortController()
  const calling = usualCallers(at, credentials).map((caller) => keepCalling(caller, seconds, over.signal))
  try {
    await delay(seconds * 200)
    print('somebody guesses tokens')
    calling.push(keepCalling(guesser(at, credentials, 12), FLOOD_SECONDS, over.signal))
    await delay(seconds * 300)
    print('Redis is gone')
    await stack.must(['kill', 'redis'])
    await delay(REDIS_GONE_SECONDS * 1000)
    await stack.must(['start', 'redis'])
    print('and back')
    Object.assign(credentials, await logIn(stack, at))
    await delay(seconds * 250 - REDIS_GONE_SECONDS * 1000)
    print('a key is rotated')
    const files = ['--key-file', '/keys/orders/callers.json', '--secret-out', '/keys/clients/reporting-2.hex']
    await stack.exec('keys', ['countersign', 'keys', 'rotate', 'reporting-1', '--overlap', '1h', ...files])
    await delay(NEW_KEY_SECONDS * 1000)
    credentials.sign = await reporting(stack, 'reporting-2', 'reporting-2.hex')
  } catch (error) {
    over.abort()
    throw error
  } finally {
    const counts = await Promise.all(calling)
    print(`${counts.reduce((sum, count) => sum + count, 0)} requests`)
  }
}

async function findAddresses(stack: Stack): Promise<Addresses> {
  return {
    gateway: await stack.url('gateway', 3000),
    inventory: await stack.url('inventory', 3002),
    replicas: [await stack.url('orders-1', 3001), await stack.url('orders-2', 3001)],
  }
}

async function logIn(stack: Stack, { gateway }: Addresses): Promise<Pick<Credentials, 'ada' | 'rob'>> {
  return { ada: await tokenOf('ada', stack, gateway), rob: await tokenOf('rob', stack, gateway) }
}

function usualCallers(at: Addresses, credentials: Credentials): readonly Caller[] {
  const { gateway, inventory, replicas } = at
  const asAda = (url: string): Sent => ({ url, headers: credentials.ada })
  const buy = (headers: Sent['headers']): Sent => ({
    url: `${gateway}/api/orders`,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ item: 'tea', quantity: 1 }),
  })
  const sendTwice = (): readonly Sent[] => {
    const signed = credentials.sign(replicas[0])
    return [signed, { ...signed, url: `${replicas[1]}/orders` }]
  }
  return [
    { perSecond: 8, make: () => [asAda(`${gateway}/api/orders`)] },
    { perSecond: 3, make: () => [asAda(`${gateway}/api/stock`)] },
    { perSecond: 5, make: () => [asAda(`${either(replicas)}/orders`)] },
    { perSecond: 7, make: () => [credentials.sign(either(replicas))] },
    { perSecond: 1, make: () => [buy(credentials.ada)] },
    // Has not the role.
    { perSecond: 0.4, make: () => [buy(credentials.rob)] },
    { perSecond: 0.6, make: sendTwice },
    // Signed for another target.
    { perSecond: 0.4, make: () => [{ ...credentials.sign(replicas[0]), url: `${replicas[0]}/orders?all` }] },
    { perSecond: 0.5, make: () => [{ url: `${inventory}/stock`, headers: {} }] },
    guesser(at, credentials, 0.5),
  ]
}

/** Sends tokens with made-up signatures. */
function guesser({ replicas }: Addresses, credentials: Credentials, perSecond: number): Caller {
  return {
    perSecond,
    make() {
      const [signed = ''] = /^.*\./.exec(credentials.ada['authorization'] ?? '') ?? []
      const signature = Buffer.alloc(64, Math.floor(Math.random() * 256)).toString('base64url')
      return [{ url: `${either(replicas)}/orders`, headers: { authorization: signed + signature } }]
    },
  }
}

function either([first, second]: readonly [string, string]): string {
  return Math.random() < 0.5 ? first : second
}

/** Returns how many times it called. */
async function keepCalling({ perSecond, make }: Caller, seconds: number, signal: AbortSignal): Promise<number> {
  const until = performance.now() + seconds * 1000
  const underWay: Promise<void>[] = []
  while (performance.now() < until && !signal.aborted) {
    await delay((-Math.log(1 - Math.random()) / perSecond) * 1000)
    underWay.push(sendAll(make()))
  }
  await Promise.all(underWay)
  return underWay.length
}

/** What is answered is counted by the services; a connection that fails meanwhile is no matter. */
async function sendAll(requests: readonly Sent[]): Promise<void> {
  for (const request of requests) await send(request).catch(() => {})
}

import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, reporting, type Sent, send, sendPatiently, tokenOfAda } from './callers.js'
import type { Checks } from './checks.js'
import type { Stack } from './stack.js'

const LASTING = ['redis', 'users', 'keys', 'gateway', 'orders-1', 'orders-2', 'inventory', 'prometheus']
const SERVICES = ['gateway', 'orders-1', 'orders-2', 'inventory']

/** What the checks send with. */
interface Parts {
  readonly stack: Stack
  readonly checks: Checks
  readonly gateway: string
  readonly replicas: readonly [string, string]
  readonly token: Readonly<Record<string, string>>
  readonly sign: (ordersUrl: string) => Sent
}

/** Starts the stack and does to it what may happen to it. Every check is independent of time, but for its deadlines. */
export async function playScenario(stack: Stack, checks: Checks): Promise<void> {
  await walkTour(stack, checks)
  await stack.must(['up', '--detach', ...LASTING], 180)
  await stack.waitHealthy(LASTING, 60)
  checks.tell('without the tour the stack starts again, with the keys that it had, and is healthy')
  await checkContainers(stack, checks)

  const gateway = await stack.url('gateway', 3000)
  const replicas = [await stack.url('orders-1', 3001), await stack.url('orders-2', 3001)] as const
  const parts = {
    stack,
    checks,
    gateway,
    replicas,
    token: await tokenOfAda(stack, gateway),
    sign: await reporting(stack),
  }
  await checkPython(parts)
  const taken = await checkSharedNonces(parts)
  await checkKeyChange(parts)
  await checkRedisOutage(parts, taken)
  await checkUsersKept(parts)
  await checkPrometheus(parts)
  await checkReplicaStop(parts)
}

async function walkTour(stack: Stack, checks: Checks): Promise<void> {
  const { code, stdout, stderr } = await stack.compose(['up', '--exit-code-from', 'tour'], 180)
  const said = /[0-9]+ requests: .*/.exec(stdout)?.[0] ?? 'no summary'
  const told = `${stdout}${stderr}`.split('\n').filter((line) => !/"level":[34]0|level=info| ok$/.test(line))
  checks.tell(
    `up --exit-code-from tour ends with 0: ${said}`,
    code === 0 ? undefined : `exit code ${code}\n${told.slice(-60).join('\n')}`,
  )
}

async function checkContainers(stack: Stack, checks: Checks): Promise<void> {
  const template =
    '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Init}}'
  for (const service of LASTING) {
    const [user = '', ...rest] = (await stack.inspect(service, template)).split(' ')
    checks.holds(
      `${service} runs without root, capabilities, new privileges and a file system to write to`,
      user !== '' && user !== 'root' && rest.join(' ') === 'true [ALL] [no-new-privileges:true] true',
      `${user} ${rest.join(' ')}`,
    )
  }
  const keys: Record<string, string> = {}
  for (const service of SERVICES) {
    keys[service] = await stack.exec(service, ['sh', '-c', 'find /keys -type f ! -name complete | sort'])
  }
  checks.equal('each service sees its own keys only', keys, {
    gateway: [
      'gateway-secret.hex',
      'inventory-secret.hex',
      'token-key.pem',
      'token-keys.json',
      'users-key',
      'users.json',
    ]
      .map((name) => `/keys/gateway/${name}`)
      .join('\n'),
    'orders-1': '/keys/orders/callers.json\n/keys/orders/orders-secret.hex',
    'orders-2': '/keys/orders/callers.json\n/keys/orders/orders-secret.hex',
    inventory: '/keys/inventory/callers.json',
  })
  const packages = await stack.exec('gateway', ['ls', 'node_modules/.pnpm'])
  checks.holds(
    'the image has fastify, and no compiler',
    /^fastify@/m.test(packages) && !/^typescript@/m.test(packages),
    packages,
  )
}

async function checkPython({ stack, checks }: Parts): Promise<void> {
  const { code, stdout, stderr } = await stack.compose(['run', '--rm', '-T', 'python'], 60)
  checks.holds('the Python client is answered 200', code === 0 && stdout.startsWith('200 OK'), [code, stdout, stderr])
}

/** Returns requests that were let in, one by each replica. */
async function checkSharedNonces({ checks, replicas, sign }: Parts): Promise<readonly Sent[]> {
  const [first, second] = replicas
  const signed = await sendPatiently(() => sign(first))
  checks.equal('a signed request is let in by orders-1', signed.status, 200)
  const again = await send({ ...signed, url: `${second}/orders` })
  checks.equal('the same request is refused by orders-2', [again.status, again.code], [401, 'replayed'])

  const raced = sign(first)
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => send({ ...raced, url: `${index % 2 === 0 ? first : second}/orders` })),
  )
  const count = (wanted: number): number => answers.filter(({ status }) => status === wanted).length
  // 503: the machine is too busy for Redis to be heard in time.
  const [allowed, replayed, unavailable] = [count(200), count(401), count(503)]
  checks.holds(
    `of 40 equal requests at once, to both replicas, one is let in: ${replayed} answered 401, ${unavailable} 503`,
    allowed === 1 && replayed + unavailable === 39,
    answers,
  )
  const bySecond = await sendPatiently(() => sign(second))
  checks.equal('a signed request is let in by orders-2', bySecond.status, 200)
  return [signed, bySecond]
}

async function checkKeyChange({ stack, checks, replicas: [, url], sign }: Parts): Promise<void> {
  const file = ['--key-file', '/keys/orders/callers.json']
  const startedAt = await stack.inspect('orders-2', '{{.State.StartedAt}}')
  await stack.exec('keys', ['countersign', 'keys', 'rotate', 'reporting-1', '--overlap', '1h', ...file])
  const listed = await stack.exec('keys', ['countersign', 'keys', 'list', '--json', ...file])
  checks.holds('countersign keys rotate gives the reporting service a second key', /reporting-2/.test(listed), listed)
  const knows = async () => {
    const health = await (await fetch(`${url}/health`)).json()
    return JSON.stringify(health).includes('"keys":3')
  }
  checks.holds('orders-2 knows it within 15 s', await stack.until(knows, 15), 'two keys')
  checks.equal('and was not restarted', await stack.inspect('orders-2', '{{.State.StartedAt}}'), startedAt)
  checks.equal('the key before it is good for another hour', (await sendPatiently(() => sign(url))).status, 200)
}

async function checkRedisOutage(parts: Parts, taken: readonly Sent[]): Promise<void> {
  const { stack, checks, gateway, replicas, token, sign } = parts
  const startedAt = () => Promise.all(SERVICES.map((service) => stack.inspect(service, '{{.State.StartedAt}}')))
  const before = await startedAt()
  await stack.must(['kill', 'redis'])

  const signed: Answer[] = []
  for (let round = 0; round < 10; round++) for (const url of replicas) signed.push(await send(sign(url)))
  checks.equal(
    'Redis is killed: 20 signed requests, 10 to each replica, are all answered 503',
    signed.map(({ status, code }) => `${status} ${code}`),
    Array(20).fill('503 replay_store_unavailable'),
  )
  const waits = signed.map(({ retryAfter }) => retryAfter)
  checks.holds(
    'each of them says in Retry-After when to try again',
    waits.every((wait) => /^[1-9][0-9]*$/.test(wait ?? '')),
    waits,
  )
  const slowest = Math.max(...signed.map(({ seconds }) => seconds))
  checks.holds(`none of them waited for a second: ${Math.round(slowest * 1000)} ms at most`, slowest < 1, slowest)
  const bearer = await Promise.all(replicas.map((url) => send({ url: `${url}/orders`, headers: token })))
  checks.equal(
    'routes that take a token alone keep serving',
    bearer.map(({ status }) => status),
    [200, 200],
  )
  const passedOn = await send({ url: `${gateway}/api/orders`, headers: token })
  checks.equal('what the gateway signs and passes on is answered 503', passedOn.status, 503)

  await stack.must(['start', 'redis'])
  const recovers = (url: string) => stack.until(async () => (await send(sign(url))).status === 200, 30)
  checks.equal('Redis is back: both replicas let signed requests in again', await Promise.all(replicas.map(recovers)), [
    true,
    true,
  ])
  checks.equal('and no service was restarted for it', await startedAt(), before)
  const again = await Promise.all(taken.map(send))
  checks.equal(
    'Redis forgot what was seen before it was killed; the replica that let it in did not',
    again.map(({ status, code }) => [status, code]),
    taken.map(() => [401, 'replayed']),
  )
}

async function checkUsersKept({ stack, checks, gateway }: Parts): Promise<void> {
  await stack.must(['kill', 'users'])
  const refused = await tokenOfAda(stack, gateway).then(
    () => 'let in',
    () => 'refused',
  )
  checks.equal('the store of users is killed: nobody is logged in', refused, 'refused')
  await stack.must(['start', 'users'])
  const logsIn = () =>
    tokenOfAda(stack, gateway).then(
      () => true,
      () => false,
    )
  checks.equal('it is back with the users that it had: ada logs in', await stack.until(logsIn, 30), true)
}

async function checkReplicaStop({ stack, checks, gateway, token, sign, replicas: [, second] }: Parts): Promise<void> {
  const statuses: number[] = []
  const stop = new AbortController()
  const asking = (async () => {
    while (!stop.signal.aborted) {
      statuses.push((await send({ url: `${gateway}/api/orders`, headers: token })).status)
      await delay(20)
    }
  })()
  await stack.must(['stop', 'orders-1'])
  checks.equal('orders-1 is stopped, and ends with 0', await stack.inspect('orders-1', '{{.State.ExitCode}}'), '0')
  await delay(1000)
  stop.abort()
  await asking
  const failed = statuses.filter((status) => status !== 200)
  checks.equal(`the gateway was answered throughout: ${statuses.length} requests, none failed`, failed, [])
  checks.equal('orders-2 takes signed requests', (await sendPatiently(() => sign(second))).status, 200)
  await stack.must(['start', 'orders-1'])
  await stack.waitHealthy(['orders-1'], 60)
  checks.tell('orders-1 is started and healthy again')
}

async function checkPrometheus({ stack, checks }: Parts): Promise<void> {
  const url = await stack.url('prometheus', 9090)
  const ask = async (query: string): Promise<number> => {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data } = (await answer.json()) as { data?: { result?: readonly { value: readonly [number, string] }[] } }
    return Number(data?.result?.[0]?.value[1] ?? Number.NaN)
  }
  const counts = async (what: string, query: string, least: number) => {
    const isThere = await stack.until(async () => (await ask(query)) >= least, 30)
    const value = await ask(query)
    checks.holds(`Prometheus counts ${what}: ${value}`, isThere, value)
  }
  await counts('every service as up', 'sum(up{job="countersign"})', 4)
  await counts('requests that were let in', 'sum(countersign_attempts_total{outcome="allow"})', 10)
  await counts('replays', 'sum(countersign_attempts_total{reason="replayed"})', 2)
  await counts(
    'requests that met no Redis, at both replicas',
    'count(countersign_attempts_total{reason="replay_store_unavailable",verifier="orders"})',
    2,
  )
}

/// <reference lib="dom" />
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryReplayStore, staticJwks } from '@countersign/core'
import { inventoryCallers, startInventory } from '@countersign-example/inventory'
import { orderCallers, startOrders } from '@countersign-example/orders'
import { pino } from 'pino'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { publicJwks } from '../src/keys.js'
import { totpCode } from '../src/login/totp.js'
import { GATEWAY_SECRET, startTestGateway, type TestGateway, TOKEN_KEY } from './support/gateway.js'
import { PASSWORDS, SECRETS } from './support/users.js'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const isThere = existsSync(CHROMIUM)
if (!isThere) console.warn(`SKIPPED: no browser at ${CHROMIUM}; CHROMIUM names another`)

const silent = pino({ level: 'silent' })
const secret = (): string => randomBytes(32).toString('base64url')

describe.skipIf(!isThere)('a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let gateway: TestGateway
  let services: readonly { close(): Promise<void> }[]
  /** What the console said, what was blocked, and whom the page asked. */
  let complaints: string[]
  let hosts: Set<string>

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(() => browser.close())

  beforeEach(async () => {
    const ordersSecret = secret()
    const users = { issuer: 'https://id.example', tokenKeys: staticJwks(publicJwks(TOKEN_KEY)) }
    const inventory = await startInventory({
      ...{ port: 0, log: silent, users },
      callers: inventoryCallers({ ordersSecret, warehouseSecret: secret(), gatewaySecret: GATEWAY_SECRET }),
    })
    const orders = await startOrders({
      ...{ port: 0, log: silent, ...users, ordersSecret, inventoryUrl: inventory.url, replay: memoryReplayStore() },
      callers: orderCallers({ gatewaySecret: GATEWAY_SECRET, reportingSecret: secret() }),
    })
    gateway = await startTestGateway({ ordersUrl: orders.url, inventoryUrl: inventory.url })
    services = [gateway, orders, inventory]

    context = await browser.newContext()
    page = await context.newPage()
    complaints = []
    hosts = new Set()
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => hosts.add(new URL(request.url()).host))
    await page.goto(gateway.url)
  })

  afterEach(async () => {
    await context.close()
    for (const service of services) await service.close()
  })

  const logIn = async (name: keyof typeof PASSWORDS, password: string, code = ''): Promise<void> => {
    await page.fill('#login [name=username]', name)
    await page.fill('#login [name=password]', password)
    await page.fill('#login [name=code]', code)
    await page.click('#login button')
  }
  const message = (text: string): Promise<unknown> => page.waitForSelector(`#message:has-text("${text}")`)
  const shownSession = (): Promise<unknown> => page.waitForSelector('#session:not([hidden])')

  it('logs in, calls an API, proves more where more is asked, and logs out', async () => {
    await logIn('ada', 'wrong')
    await message('The name, the password or the code is wrong')
    await logIn('ada', PASSWORDS.ada)
    await shownSession()
    expect(await page.textContent('#who')).toBe('You are ada.')
    expect(await page.textContent('#stock')).toBe('1000 tea, 500 coffee')

    await page.fill('#buy [name=quantity]', '3')
    await page.click('#buy button')
    await message('Order 1 is made.')
    expect(await page.textContent('#orders')).toContain('tea3bought')
    expect(await page.textContent('#stock')).toBe('997 tea, 500 coffee')

    await page.click('#orders button')
    await page.waitForSelector('dialog[open]')
    await page.fill('#code-form [name=code]', totpCode(SECRETS.ada, Date.now() / 1000 + 100_000))
    await page.click('#code-form [type=submit]')
    await page.waitForSelector('#code-message:has-text("That code is not good")')
    await page.fill('#code-form [name=code]', totpCode(SECRETS.ada, Date.now() / 1000))
    await page.click('#code-form [type=submit]')
    await message('Order 1 is refunded.')
    expect(await page.textContent('#orders')).toContain('refunded')

    await page.click('#logout')
    await page.waitForSelector('#login:not([hidden])')
    expect(await page.textContent('#who')).toBe('You are logged out.')
    await page.reload()
    await page.waitForSelector('#login:not([hidden])')
    const events = gateway.records().map(({ event, outcome }) => `${event} ${outcome}`)
    for (const one of [
      'auth.login deny',
      'auth.login allow',
      'auth.step_up deny',
      'auth.step_up allow',
      'auth.logout allow',
    ])
      expect(events).toContain(one)
  })

  it('comes back after a reload by its cookie, and keeps no token where a script could find it later', async () => {
    await logIn('root', PASSWORDS.root, totpCode(SECRETS.root, Date.now() / 1000))
    await shownSession()
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, Object.keys(window)]),
    )
    expect(kept).not.toMatch(/eyJ/)
    expect(await page.evaluate(() => document.cookie)).toBe('')
    const cookies = await context.cookies()
    expect(
      cookies.map(({ name, secure, httpOnly, sameSite, path, domain }) => ({
        name,
        secure,
        httpOnly,
        sameSite,
        path,
        domain,
      })),
    ).toEqual(
      ['__Host-device', '__Host-refresh'].map((name) => ({
        ...{ name, secure: true, httpOnly: true, sameSite: 'Strict', path: '/', domain: '127.0.0.1' },
      })),
    )
    await page.reload()
    await shownSession()
    expect(await page.textContent('#who')).toBe('You are root.')
  })

  it('asks nobody but the gateway, and no script but ours runs', async () => {
    await logIn('rob', PASSWORDS.rob)
    await shownSession()
    expect([...hosts]).toEqual([new URL(gateway.url).host])
    expect(complaints).toEqual([])
    const refused = await page.evaluate(() => {
      const attempts = [
        () =>
          document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.injected = 1' })),
        () => document.body.setAttribute('onclick', 'window.injected = 1'),
        () => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.injected = 1">'),
      ]
      return attempts.map((attempt) => {
        try {
          attempt()
          return false
        } catch {
          return true
        }
      })
    })
    expect(refused).toEqual([true, true, true])
    expect(await page.evaluate(() => 'injected' in window)).toBe(false)
  })

  it('has no power from the page of another site', async () => {
    await logIn('ada', PASSWORDS.ada)
    await shownSession()
    // Another port is another origin and the same site: the browser sends the cookie along.
    const evil = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>evil'))
    evil.listen(0, '127.0.0.1')
    await once(evil, 'listening')
    const other = await context.newPage()
    await other.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}`)
    await other.evaluate(async (url) => {
      for (const path of ['/refresh', '/logout'])
        await fetch(url + path, { method: 'POST', credentials: 'include', mode: 'no-cors' })
    }, gateway.url)
    await other.close()
    evil.close()
    const last = gateway
      .records()
      .slice(-2)
      .map(({ event, reason }) => `${event} ${reason}`)
    expect(last).toEqual(['auth.refresh cross_site', 'auth.logout cross_site'])
    await page.reload()
    await shownSession()
  })
})

/*
 * The access token lives in this module and nowhere else: no storage that another script, another tab or tomorrow's extension could read.
 * After a reload the cookie, which no script reads, gives a new one.
 */
let access = null

/** Says only that it is worth asking for a session; nothing secret. */
const HINT = 'had-session'
/** Asks for the next token a little before the old one ends. */
const EARLY_SECONDS = 15

const element = (id) => document.getElementById(id)

class Refused extends Error {
  constructor(status, problem) {
    super(problem.title ?? `The gateway answered ${status}`)
    this.status = status
    this.code = problem.code
  }
}

async function post(path, body, headers = {}) {
  const init =
    body === undefined
      ? { method: 'POST', headers }
      : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return readAnswer(await fetch(path, init))
}

async function readAnswer(answer) {
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '')
  const read = isJson ? await answer.json() : {}
  if (!answer.ok) throw new Refused(answer.status, read)
  return read
}

function keep({ access_token: token, expires_in: seconds }) {
  access = { token, goodUntil: performance.now() + (seconds - EARLY_SECONDS) * 1000 }
  localStorage.setItem(HINT, 'yes')
  element('who').textContent = `You are ${subjectOf(token)}.`
}

/** To be shown; whether the token is good is for the gateway to say. */
function subjectOf(token) {
  const [, claims] = token.split('.')
  return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).sub
}

function forget() {
  access = null
  localStorage.removeItem(HINT)
}

let refreshing = null

/** One at a time: a refresh token is good once. */
function refresh() {
  refreshing ??= post('/refresh')
    .then(keep, (error) => {
      if (error.status === 401) forget()
      throw error
    })
    .finally(() => {
      refreshing = null
    })
  return refreshing
}

async function call(path, init = {}) {
  if (access === null || performance.now() > access.goodUntil) await refresh()
  const headers = { ...init.headers, authorization: `Bearer ${access.token}` }
  return fetch(path, { ...init, headers, credentials: 'omit' })
}

/** Calls an API; where it asks for a second factor (RFC 9470) the user is asked for a code, and the call is made again. */
async function api(path, init) {
  const answer = await call(path, init)
  const challenge = answer.headers.get('www-authenticate') ?? ''
  if (answer.status !== 401) return readAnswer(answer)
  if (challenge.includes('insufficient_user_authentication')) await stepUp()
  else await refresh()
  return readAnswer(await call(path, init))
}

/** Resolves when a code was good; rejects where the user gave up. */
function stepUp() {
  const [dialog, form, message] = [element('step-up'), element('code-form'), element('code-message')]
  return new Promise((resolve, reject) => {
    form.reset()
    message.textContent = ''
    form.onsubmit = async (event) => {
      event.preventDefault()
      try {
        const { value: code } = form.elements.namedItem('code')
        keep(await post('/step-up', { code }, { authorization: `Bearer ${access.token}` }))
        form.onsubmit = null
        dialog.close()
        resolve()
      } catch (error) {
        message.textContent =
          error.code === 'login_failed' ? 'That code is not good. Wait for the next one.' : error.message
      }
    }
    element('cancel').onclick = () => dialog.close()
    dialog.onclose = () => reject(new Error('There was no refund'))
    dialog.showModal()
  })
}

function say(text, isBad = false) {
  const message = element('message')
  message.textContent = text
  message.classList.toggle('bad', isBad)
}

/** Runs what a button or a form asks for, and says what came of it. */
async function attempt(work) {
  say('')
  try {
    await work()
  } catch (error) {
    say(error.message, true)
  }
  show()
}

function show() {
  element('login').hidden = access !== null
  element('session').hidden = access === null
}

async function load() {
  const [orders, stock] = await Promise.all([api('/api/orders'), api('/api/stock')])
  element('orders').replaceChildren(...orders.map(rowOf))
  element('none').hidden = orders.length > 0
  element('stock').textContent = Object.entries(stock)
    .map(([item, count]) => `${count} ${item}`)
    .join(', ')
}

function rowOf(order) {
  const row = document.createElement('tr')
  for (const text of [order.id, order.item, order.quantity, order.refunded ? 'refunded' : 'bought']) {
    row.insertCell().textContent = text
  }
  const last = row.insertCell()
  if (!order.refunded) last.append(refundButton(order))
  return row
}

function refundButton({ id }) {
  const button = document.createElement('button')
  button.className = 'plain'
  button.textContent = 'Refund'
  button.onclick = () =>
    attempt(async () => {
      await api(`/api/orders/${id}/refund`, { method: 'POST' })
      await load()
      say(`Order ${id} is refunded.`)
    })
  return button
}

element('login').onsubmit = (event) => {
  event.preventDefault()
  const form = event.currentTarget
  const { username, password, code } = Object.fromEntries(new FormData(form))
  void attempt(async () => {
    keep(await post('/login', code === '' ? { username, password } : { username, password, code }))
    form.reset()
    await load()
  })
}

element('buy').onsubmit = (event) => {
  event.preventDefault()
  const { item, quantity } = Object.fromEntries(new FormData(event.currentTarget))
  void attempt(async () => {
    const body = JSON.stringify({ item, quantity: Number(quantity) })
    const order = await api('/api/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    await load()
    say(`Order ${order.id} is made.`)
  })
}

element('reload').onclick = () => attempt(load)

element('logout').onclick = () =>
  attempt(async () => {
    await post('/logout').finally(forget)
    element('who').textContent = 'You are logged out.'
  })

if (localStorage.getItem(HINT) !== null) void attempt(load)

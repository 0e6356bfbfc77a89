// A client as its users write one: it signs with the key of a small file, which it reads again once that has changed. It sends some two hundred
// requests a second to the services in turn, and tells each half second what became of them.

import { readFileSync, statSync } from 'node:fs'
import { createSigner, signedFetch } from '@countersign/client'

const [path, ...services] = process.argv.slice(2)
let read = ''
let call

function reload() {
  const { mtimeMs, ino } = statSync(path)
  if (read === `${mtimeMs} ${ino}`) return
  read = `${mtimeMs} ${ino}`
  const text = readFileSync(path, 'utf8')
  const keyId = /^KEY_ID=(.*)$/m.exec(text)[1]
  const secret = Buffer.from(/^SECRET_HEX=(.*)$/m.exec(text)[1], 'hex')
  call = signedFetch({ signer: createSigner({ keyId, secret, audience: 'orders' }) })
}

const seen = { ok: {}, refused: [] }
let count = 0

async function order() {
  const url = `${services[count++ % services.length]}/orders?n=${count}`
  try {
    const response = await call(url)
    const body = await response.json()
    if (response.status === 200)
      seen.ok[`${new URL(url).port} ${body.keyId}`] = (seen.ok[`${new URL(url).port} ${body.keyId}`] ?? 0) + 1
    else seen.refused.push(`${response.status} ${body.code}`)
  } catch (error) {
    seen.refused.push(`${error.name}: ${error.cause?.code ?? error.message}`)
  }
}

reload()
setInterval(reload, 20)
setInterval(() => {
  void order()
  void order()
}, 10)
setInterval(() => process.stdout.write(`${JSON.stringify(seen)}\n`), 200)

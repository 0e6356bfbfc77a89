import { subject } from '@casl/ability'
import { createVerifier, type SchemeOptions } from '@countersign/core'
import { countersign } from '@countersign/express'
import express, { type Express } from 'express'
import { abilityOf, mayOrder, type Order } from './abilities.js'

/** An Express service in which CASL decides: about kinds of things at the route, about this one thing in the handler. */
export function caslService(schemes: readonly SchemeOptions[], orders: ReadonlyMap<string, Order>): Express {
  const auth = countersign({ verifier: createVerifier({ audience: 'orders', schemes, audit: null }) })
  const app = express()
  const api = auth.router()

  api.get('/orders', { check: mayOrder('read') }, (req, res) => {
    const ability = abilityOf(req.auth.principal)
    res.json([...orders.values()].filter((order) => ability.can('read', subject('Order', { ...order }))))
  })

  api.get('/orders/:id', { check: mayOrder('read') }, (req, res) => {
    const order = orders.get(String(req.params['id']))
    // Whoever may not see it learns no more than whether it is theirs.
    if (order === undefined || !abilityOf(req.auth.principal).can('read', subject('Order', { ...order }))) {
      res.status(404).json({ error: 'not_found' })
      return
    }
    res.json(order)
  })

  app.use(api)
  return app
}

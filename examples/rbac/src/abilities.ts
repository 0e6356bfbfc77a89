import { AbilityBuilder, createMongoAbility, type ForcedSubject, type MongoAbility } from '@casl/ability'
import type { PolicyCheck, Principal } from '@countersign/core'

export interface Order {
  readonly id: string
  readonly owner: string
}

type Subjects = 'Order' | (Order & ForcedSubject<'Order'>)
export type OrderAbility = MongoAbility<['read' | 'delete', Subjects]>

/** What a principal may do: the rules, in one place. */
export function abilityOf({ id, roles }: Principal): OrderAbility {
  const { can, build } = new AbilityBuilder<OrderAbility>(createMongoAbility)
  if (roles.has('clerk')) can('read', 'Order')
  if (roles.has('buyer')) can('read', 'Order', { owner: id })
  if (roles.has('buyer')) can('delete', 'Order', { owner: id })
  return build()
}

/**
 * Whether the principal may do this to any order at all. It is asked before there is an order to look at: which one it may be, the handler
 * asks, with the order in hand.
 */
export function mayOrder(action: 'read' | 'delete'): PolicyCheck {
  return ({ principal }) => abilityOf(principal).can(action, 'Order')
}

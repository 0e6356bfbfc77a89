import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Presented } from '../scheme.js'
import { type FailureNames, NAMES } from './throttle.js'

/** The names that a failure is counted by. What cannot be read of it names nobody. */
export function failureNames(ip: string | undefined, failed: Presented | undefined): FailureNames {
  const claimed = claimedName(failed)
  return {
    address: ip === undefined ? undefined : fold(`address ${network(ip)}`),
    credentials: claimed === undefined ? undefined : fold(`${failed?.scheme} ${claimed}`),
  }
}

function claimedName(failed: Presented | undefined): string | undefined {
  try {
    return failed?.claimedName?.()
  } catch {
    return undefined
  }
}

/** One of {@link NAMES} names, the same in every process. */
function fold(text: string): string {
  const number = createHash('sha256').update(text).digest().readUInt32BE() % NAMES
  return number.toString(16).padStart(4, '0')
}

const MAPPED_IPV4 = /^::ffff:([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/i

/** What one client can hardly have many of: an IPv4 address, and of an IPv6 address the /64, all of which is one subscriber's (RFC 6177). */
export function network(ip: string): string {
  const mapped = MAPPED_IPV4.exec(ip)?.[1]
  if (mapped !== undefined || !isIPv6(ip)) return mapped ?? ip
  const [head = '', tail] = (ip.split('%', 1)[0] as string).split('::')
  const groups = groupsOf(head)
  if (tail !== undefined) {
    const last = groupsOf(tail)
    const bare = 8 - groups.length - last.length - (tail.includes('.') ? 1 : 0)
    groups.push(...new Array<string>(bare).fill('0'), ...last)
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'))

import { BlockList, isIP } from 'node:net'
import { ConfigurationError } from '../errors.js'
import { checkTexts } from '../options.js'

/** Whether the other end of a socket is one of a configured list. */
export type IsListed = (remoteAddress: string | undefined) => boolean

/**
 * Reads a list of addresses and networks (`10.0.0.7`, `10.1.0.0/16`, `fd00::/8`).
 *
 * @throws {ConfigurationError} anything else, and a network of all addresses
 */
export function checkAddresses(option: string, value: unknown): IsListed {
  if (value === undefined) return () => false
  const list = new BlockList()
  for (const [index, text] of checkTexts(option, value).entries()) addNetwork(list, `${option}[${index}]`, text)
  return (remoteAddress) => {
    const family = remoteAddress === undefined ? 0 : isIP(remoteAddress)
    return family !== 0 && list.check(remoteAddress as string, family === 4 ? 'ipv4' : 'ipv6')
  }
}

const PREFIX = /^[1-9][0-9]{0,2}$/

function addNetwork(list: BlockList, option: string, text: string): void {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0)
    throw new ConfigurationError(option, 'must be an IP address, or one with a prefix length')
  const most = family === 4 ? 32 : 128
  if (prefix !== undefined && !(PREFIX.test(prefix) && Number(prefix) <= most))
    throw new ConfigurationError(option, `must have a prefix length from 1 to ${most}`)
  list.addSubnet(address, prefix === undefined ? most : Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
}

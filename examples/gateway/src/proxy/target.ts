/**
 * The target at a service of a request to `prefix`: the rest of it, byte for byte. `undefined` where a URL parser would make another path of
 * it (`/api/orders/../admin`), or where the prefix is spelt in another way: what was signed here has to be what arrives there.
 */
export function targetAtService(target: string, prefix: string, rewritePrefix: string): string | undefined {
  if (!target.startsWith(prefix)) return undefined
  const rest = rewritePrefix + target.slice(prefix.length)
  if (!URL.canParse(rest, 'http://service')) return undefined
  const { pathname, search } = new URL(rest, 'http://service')
  return pathname + search === rest ? rest : undefined
}

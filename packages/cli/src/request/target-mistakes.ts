import { field, type Mistake, shown } from './mistake.js'

/** @param headers - of the request, to guess from: names in lower case */
export function targetMistakes(target: string, headers: ReadonlyMap<string, string>): Mistake[] {
  const candidates: [string, string][] = []
  const [path = '', query] = split(target)
  const segments = path.split('/')
  for (let count = 1; count <= 3 && count < segments.length - 1; count++) {
    const rest = `/${segments.slice(count + 1).join('/')}${query ?? ''}`
    candidates.push([
      rest,
      `A prefix stands in the request line that was not signed: the client signed ${shown(rest)}. Sign the target as it is sent, or have the service take the prefix off.`,
    ])
  }
  for (const prefix of prefixes(headers)) {
    candidates.push([
      `${prefix}${target}`,
      `A proxy took the prefix ${shown(prefix)} off: the client signed ${shown(`${prefix}${target}`)}. Put the prefix back by the adapter's configuration, or sign without it.`,
    ])
  }
  for (const name of ['x-original-uri', 'x-original-url', 'x-envoy-original-path', 'x-forwarded-uri']) {
    const original = headers.get(name)
    if (original !== undefined)
      candidates.push([original, `A proxy rewrote the target: the client signed ${shown(original)}, as ${name} says.`])
  }
  candidates.push([
    target.replaceAll('%25', '%'),
    'The target was encoded twice on its way, or sent so: the client signed it encoded once.',
  ])
  candidates.push([decodeOnce(target), 'The client signed the decoded target. Sign it percent-encoded, as it is sent.'])
  candidates.push([encodeURI(target), 'The target was encoded twice: the client signed it with its % as %25.'])
  candidates.push([target.replaceAll('%20', '+'), 'The client signed + where %20 is sent.'])
  candidates.push([target.replaceAll('+', '%20'), 'The client signed %20 where + is sent.'])
  candidates.push([
    recase(target, 'lower'),
    'The client signed percent-encodings in lower case, and upper case is sent.',
  ])
  candidates.push([
    recase(target, 'upper'),
    'The client signed percent-encodings in upper case, and lower case is sent.',
  ])
  if (query !== undefined) {
    candidates.push([path, 'The client signed the path without its query.'])
    candidates.push([
      `${path}?${query.slice(1).split('&').sort().join('&')}`,
      'The client signed the query sorted, and sent it in another order.',
    ])
  }
  if (path !== '/') {
    const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`
    candidates.push([`${other}${query ?? ''}`, 'The client signed the path with another slash at its end.'])
  }
  const host = headers.get('host')
  if (host !== undefined) {
    for (const scheme of ['https', 'http']) {
      candidates.push([`${scheme}://${host}${target}`, 'The client signed the whole URL. Sign path and query alone.'])
    }
  }
  return candidates.filter(([value]) => value !== target).map(([value, told]) => field('target', value, told))
}

function split(target: string): [string, string | undefined] {
  const at = target.indexOf('?')
  return at === -1 ? [target, undefined] : [target.slice(0, at), target.slice(at)]
}

function prefixes(headers: ReadonlyMap<string, string>): string[] {
  const told = headers.get('x-forwarded-prefix') ?? headers.get('x-script-name')
  return [...(told === undefined ? [] : [`/${told.replace(/^\/+|\/+$/g, '')}`]), '/api', '/v1', '/api/v1']
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function recase(target: string, to: 'lower' | 'upper'): string {
  return target.replace(/%[0-9a-fA-F]{2}/g, (code) => (to === 'lower' ? code.toLowerCase() : code.toUpperCase()))
}

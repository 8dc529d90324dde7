/**
 * URLs taken apart and put together.
 * Follows: Go net/url (Parse, String); Masterminds/sprig v3.3.0 url.go.
 * @module
 */
import { FunctionError } from '../errors.ts'
import { quote } from '../quote.ts'
import { fn, type GoFunction } from '../signature.ts'
import { Dict, typeName, type GoValue } from '../values.ts'

function unescapePath(text: string, whole: string): string {
  return text.replace(/%(.{0,2})/gs, (all, hex: string) => {
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) throw new FunctionError(`unable to parse url: parse ${quote(whole)}: invalid URL escape ${quote(all)}`)
    return String.fromCharCode(parseInt(hex, 16))
  })
}

function escaped(text: string, keep: RegExp): string {
  return text.replace(/[\s\S]/g, (c) => (keep.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`))
}

function parseUrl(source: string): Dict {
  const fail = (message: string): never => {
    throw new FunctionError(`unable to parse url: parse ${quote(source)}: ${message}`)
  }
  for (let i = 0; i < source.length; i++) {
    if (source.charCodeAt(i) < 0x20 || source.charCodeAt(i) === 0x7f) fail('net/url: invalid control character in URL')
  }
  const hash = source.indexOf('#')
  let rest = hash < 0 ? source : source.slice(0, hash)
  const fragment = hash < 0 ? '' : unescapePath(source.slice(hash + 1), source)
  const schemeMatch = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(rest)
  let scheme = ''
  if (schemeMatch) {
    scheme = (schemeMatch[1] ?? '').toLowerCase()
    rest = rest.slice(schemeMatch[0].length)
  } else if (rest.startsWith(':')) fail('missing protocol scheme')
  else if (/^[^/?]*:/.test(rest)) fail('first path segment in URL cannot contain colon')
  const mark = rest.indexOf('?')
  const query = mark < 0 ? '' : rest.slice(mark + 1)
  if (mark >= 0) rest = rest.slice(0, mark)
  let opaque = ''
  let host = ''
  let userinfo = ''
  if (scheme && rest !== '' && !rest.startsWith('/')) {
    opaque = rest
    rest = ''
  } else if (rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2)
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    rest = slash < 0 ? '' : rest.slice(slash)
    const at = authority.lastIndexOf('@')
    if (at >= 0) {
      const [user = '', ...password] = authority.slice(0, at).split(':')
      const keep = /[A-Za-z0-9_.~$&+,;=-]/
      userinfo = escaped(unescapePath(user, source), keep) + (password.length ? `:${escaped(unescapePath(password.join(':'), source), keep)}` : '')
    }
    host = authority.slice(at + 1)
    if (host.startsWith('[') && !host.includes(']')) fail("missing ']' in host")
    const port = host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : host.includes(':') ? host.slice(host.lastIndexOf(':')) : ''
    if (!/^(:\d*)?$/.test(port)) fail(`invalid port ${quote(port)} after host`)
    host = unescapePath(host, source)
  }
  const hostname = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '')
  const entries: [string, string][] = [
    ['scheme', scheme], ['host', host], ['hostname', hostname], ['path', unescapePath(rest, source)], ['query', query], ['opaque', opaque], ['fragment', fragment], ['userinfo', userinfo],
  ]
  return new Dict(new Map(entries))
}

function joinUrl(dict: Dict): string {
  const part = (key: string): string => {
    const value: GoValue = dict.entries.get(key)
    if (value === undefined) return ''
    if (typeof value !== 'string') throw new FunctionError(`unable to parse ${key} key, must be of type string, but ${typeName(value)} found`)
    return value
  }
  let userinfo = part('userinfo')
  if (userinfo) userinfo = (parseUrl(`proto://${userinfo}@host`).entries.get('userinfo') as string)
  const [scheme, host, path, query, opaque, fragment] = [part('scheme'), part('host'), part('path'), part('query'), part('opaque'), part('fragment')]
  let out = scheme ? `${scheme}:` : ''
  if (opaque) out += opaque
  else {
    if (scheme || host || userinfo) {
      if (host || path || userinfo) {
        if (host || userinfo || !(scheme && path && !path.startsWith('/'))) out += '//'
        if (userinfo) out += `${userinfo}@`
        out += escaped(host, /[A-Za-z0-9_.~!$&'()*+,;=:[\]<>"-]/)
      }
    }
    const shown = escaped(path, /[A-Za-z0-9_.~$&+,/:;=@!'()*-]/)
    if (shown && !shown.startsWith('/') && host) out += '/'
    out += shown
  }
  if (query) out += `?${query}`
  if (fragment) out += `#${escaped(fragment, /[A-Za-z0-9_.~$&+,/:;=?@!()*-]/)}`
  return out
}

export const URLS: Readonly<Record<string, GoFunction>> = {
  urlParse: fn('string', ([text]: readonly [string]) => parseUrl(text)),
  urlJoin: fn('dict', ([dict]: readonly [Dict]) => joinUrl(dict)),
}

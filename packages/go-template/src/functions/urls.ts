/**
 * URLs taken apart and put together.
 * Follows: Go 1.26 net/url (Parse, String); Masterminds/sprig v3.3.0 url.go.
 * @module
 */
import { FunctionError } from '../errors.ts'
import { ipBytes } from '../ip-address.ts'
import { quote } from '../quote.ts'
import { deep, fn, type GoFunction } from '../signature.ts'
import { Dict, kindName, type GoValue } from '../values.ts'

/** What each part of a URL holds without escapes. */
const PLAIN = {
  path: /[\w.~$&+,/:;=@-]/,
  fragment: /[\w.~!$&()*+,/:;=?@-]/,
  user: /[\w.~$&+,;=-]/,
  host: /[\w.~!"$&'()*+,:;<=>[\]-]/,
}
type Part = keyof typeof PLAIN | 'zone'

/** Of a URL that cannot be taken apart: the reason behind it. */
class UrlError extends Error {}

function escaped(text: string, part: keyof typeof PLAIN): string {
  return text.replace(/[\s\S]/g, (c) => (PLAIN[part].test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`))
}

/** A host has escapes for bytes beyond ASCII only, a zone also for what a host may hold. */
function unescaped(text: string, part: Part): string {
  const isHost = part === 'host' || part === 'zone'
  return text.replace(/%(?:[^]{0,2})|[^]/g, (piece) => {
    if (piece[0] !== '%') {
      if (isHost && piece < '\x80' && !PLAIN.host.test(piece)) throw new UrlError(`invalid character ${quote(piece)} in host name`)
      return piece
    }
    const byte = /^%[0-9a-fA-F]{2}$/.test(piece) ? String.fromCharCode(parseInt(piece.slice(1), 16)) : ''
    const isAllowed = part === 'host' ? byte >= '\x80' : part !== 'zone' || byte === ' ' || PLAIN.host.test(byte)
    if (byte === '' || !(isAllowed || (isHost && piece === '%25'))) throw new UrlError(`invalid URL escape ${quote(piece)}`)
    return byte
  })
}

/** @throws UrlError unless it is empty or a colon with digits */
function checkPort(port: string): void {
  if (!/^(:\d*)?$/.test(port)) throw new UrlError(`invalid port ${quote(port)} after host`)
}

function parseHost(scheme: string, host: string): string {
  const bracket = host.lastIndexOf('[')
  if (bracket > 0) throw new UrlError('invalid IP-literal')
  if (bracket === 0) {
    const close = host.lastIndexOf(']')
    if (close < 0) throw new UrlError("missing ']' in host")
    checkPort(host.slice(close + 1))
    const name = host.slice(1, close)
    const zone = name.includes('%25') ? name.slice(name.indexOf('%25')) : ''
    const address = unescaped(name.slice(0, name.length - zone.length), 'host')
    const shown = address + unescaped(zone, 'zone')
    const bytes = ipBytes(address)
    if (!bytes || shown === `${address}%`) throw new UrlError(`invalid host: ParseAddr(${quote(shown)}): unable to parse IP`)
    if (bytes.length === 4) throw new UrlError('invalid IP-literal')
    return `[${shown}]${host.slice(close + 1)}`
  }
  // Lists of hosts with ports are fine where the scheme is not that of the web.
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':')
  if (colon >= 0) checkPort(host.slice(colon))
  return unescaped(host, 'host')
}

function parseUserinfo(userinfo: string): string {
  if (!/^[\w.:~!$&'()*+,;=%@-]*$/.test(userinfo)) throw new UrlError('net/url: invalid userinfo')
  const colon = userinfo.indexOf(':')
  const shown = (text: string): string => escaped(unescaped(text, 'user'), 'user')
  return colon < 0 ? shown(userinfo) : `${shown(userinfo.slice(0, colon))}:${shown(userinfo.slice(colon + 1))}`
}

interface Url {
  scheme: string
  host: string
  path: string
  query: string
  opaque: string
  fragment: string
  userinfo: string
}

function parseParts(source: string): Url {
  const url: Url = { scheme: '', host: '', path: '', query: '', opaque: '', fragment: '', userinfo: '' }
  if (/[^ -~\x80-\xff]/.test(source)) throw new UrlError('net/url: invalid control character in URL')
  if (source.startsWith(':')) throw new UrlError('missing protocol scheme')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(source)?.[1] ?? ''
  url.scheme = scheme.toLowerCase()
  let rest = scheme ? source.slice(scheme.length + 1) : source
  const mark = rest.indexOf('?')
  if (mark >= 0) {
    url.query = rest.slice(mark + 1)
    rest = rest.slice(0, mark)
  }
  if (scheme && !rest.startsWith('/')) return { ...url, opaque: rest }
  if (/^[^/]*:/.test(rest)) throw new UrlError('first path segment in URL cannot contain colon')
  if (rest.startsWith('//') && (scheme || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2)
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
    rest = slash < 0 ? '' : rest.slice(slash)
    const at = authority.lastIndexOf('@')
    url.host = parseHost(url.scheme, authority.slice(at + 1))
    if (at >= 0) url.userinfo = parseUserinfo(authority.slice(0, at))
  }
  return { ...url, path: unescaped(rest, 'path') }
}

/** @throws FunctionError saying what could not be parsed */
function parseUrl(source: string, what = 'url'): Url {
  const hash = source.indexOf('#')
  let shown = hash < 0 ? source : source.slice(0, hash)
  try {
    const url = parseParts(shown)
    if (hash >= 0) shown = source
    return { ...url, fragment: hash < 0 ? '' : unescaped(source.slice(hash + 1), 'fragment') }
  } catch (error) {
    throw error instanceof UrlError ? new FunctionError(`unable to parse ${what}: parse ${quote(shown)}: ${error.message}`) : error
  }
}

function hostname(host: string): string {
  const name = host.replace(/:\d*$/, '')
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
}

function joinUrl(dict: Dict): string {
  const part = (key: string): string => {
    const value: GoValue = dict.entries.get(key)
    if (value === undefined) return ''
    if (typeof value !== 'string') throw new FunctionError(`unable to parse ${key} key, must be of type string, but ${kindName(value)} found`)
    return value
  }
  const [scheme, host, path, query, opaque, fragment, given] = [part('scheme'), part('host'), part('path'), part('query'), part('opaque'), part('fragment'), part('userinfo')]
  const userinfo = given && parseUrl(`proto://${given}@host`, 'userinfo in dict').userinfo
  let out = scheme && `${scheme}:`
  if (opaque) out += opaque
  else {
    if (host || given || (scheme && path)) out += `//${given && `${userinfo}@`}${escaped(host, 'host')}`
    const shown = path === '*' ? path : escaped(path, 'path')
    if (shown && !shown.startsWith('/') && host) out += '/'
    if (out === '' && /^[^/]*:/.test(shown)) out = './'
    out += shown
  }
  return out + (query && `?${query}`) + (fragment && `#${escaped(fragment, 'fragment')}`)
}

export const URLS: Readonly<Record<string, GoFunction>> = {
  urlParse: fn('string', ([text]: readonly [string]) => {
    const url = parseUrl(text)
    return new Dict(new Map(Object.entries({ ...url, hostname: hostname(url.host) })))
  }),
  urlJoin: deep(fn('dict', ([dict]: readonly [Dict]) => joinUrl(dict))),
}

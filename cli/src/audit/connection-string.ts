/**
 * PostgreSQL connection strings, `postgres://user:password@host:port/dbname?name=value` and `name=value name='a value'`, with the defaults
 * and environment variables of the driver that SOPS uses. Follows: lib/pq connector.go, ssl.go, internal/pgpass.
 * @module
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import type { PoolConfig } from 'pg'
import { CodedError } from '@waxseal/core'

type Settings = ReadonlyMap<string, string>

const PAIR = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(?!')((?:[^\s\\]|\\.)*))/suy
/** The driver waits for ever unless it is told otherwise. */
const DEFAULT_TIMEOUT_MS = 30_000

const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  sslmode: 'PGSSLMODE',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  connect_timeout: 'PGCONNECT_TIMEOUT',
}
/** Settings of the driver itself; all others are run-time parameters of the server. */
const OWN_SETTINGS: ReadonlySet<string> = new Set([...Object.keys(VARIABLES), 'database', 'fallback_application_name', 'binary_parameters', 'disable_prepared_binary_result'])

/** What each `sslmode` tries, one after the other. */
const ATTEMPTS: Readonly<Record<string, readonly Encryption[]>> = {
  disable: ['none'],
  allow: ['none', 'required'],
  prefer: ['required', 'none'],
  require: ['required'],
  'verify-ca': ['verified'],
  'verify-full': ['verified and named'],
}
type Encryption = 'none' | 'required' | 'verified' | 'verified and named'

/**
 * How to connect, in the order in which it is to be tried.
 * @throws CodedError AUDIT_INVALID, without a word of the string: it holds a password
 */
export function connectionsOf(text: string, env: Readonly<Record<string, string | undefined>>): readonly PoolConfig[] {
  const settings = new Map(Object.entries(VARIABLES).flatMap(([name, variable]) => (env[variable] ? [[name, env[variable]] as const] : [])))
  for (const [name, value] of /^postgres(?:ql)?:\/\//.test(text) ? pairsOfUrl(text) : pairsOf(text)) settings.set(name, value)
  const host = settings.get('host') || 'localhost'
  const port = portOf(settings.get('port') ?? '5432')
  const user = settings.get('user') ?? userInfo().username
  const database = settings.get('database') ?? settings.get('dbname') ?? user
  const timeoutMs = Number(settings.get('connect_timeout') ?? 0) * 1000
  const common: PoolConfig = {
    host: settings.get('hostaddr') ?? host,
    port,
    user,
    database,
    password: () => settings.get('password') || passwordFromFile(settings, { host, port: String(port), database, user }),
    options: runtimeOptions(settings),
    application_name: settings.get('application_name') ?? settings.get('fallback_application_name'),
    connectionTimeoutMillis: timeoutMs > 0 ? timeoutMs : DEFAULT_TIMEOUT_MS,
    query_timeout: DEFAULT_TIMEOUT_MS,
    max: 1,
    allowExitOnIdle: true,
  }
  return attemptsOf(settings, host).map((encryption) => ({ ...common, ssl: encryption === 'none' ? false : tlsOptions(encryption, host, settings) }))
}

function unusable(what: string): CodedError {
  return new CodedError('AUDIT_INVALID', `the connection string ${what}`)
}

function pairsOf(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>()
  const end = text.trimEnd().length
  for (let at = 0; at < end; at = PAIR.lastIndex) {
    PAIR.lastIndex = at
    const match = PAIR.exec(text)
    if (!match) throw unusable('is neither a postgres:// URL nor a list of name=value')
    pairs.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/gsu, '$1'))
  }
  return pairs
}

function pairsOfUrl(text: string): ReadonlyMap<string, string> {
  try {
    const { username, password, hostname, port, pathname, searchParams } = new URL(text)
    const parts: readonly (readonly [string, string])[] = [
      ['user', decodeURIComponent(username)],
      ['password', decodeURIComponent(password)],
      ['host', decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1'))],
      ['port', port],
      ['dbname', decodeURIComponent(pathname.slice(1))],
      ...searchParams,
    ]
    return new Map(parts.filter(([, value]) => value !== ''))
  } catch {
    throw unusable('is not a postgres:// URL') // the cause quotes it
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw unusable('has a port that is none')
  return port
}

/** As PostgreSQL's own command line takes them. */
function runtimeOptions(settings: Settings): string | undefined {
  const given = settings.get('options')
  const parameters = [...settings].filter(([name]) => !OWN_SETTINGS.has(name)).map(([name, value]) => `-c ${name}=${value.replaceAll(/[\s\\]/g, '\\$&')}`)
  return [...(given === undefined ? [] : [given]), ...parameters].join(' ') || undefined
}

/** A socket in the file system needs no encryption. */
function attemptsOf(settings: Settings, host: string): readonly Encryption[] {
  if (isAbsolute(host)) return ['none']
  const isSystem = settings.get('sslrootcert') === 'system'
  const mode = settings.get('sslmode') ?? (isSystem ? 'verify-full' : 'require')
  const attempts = Object.hasOwn(ATTEMPTS, mode) ? ATTEMPTS[mode] : undefined
  if (attempts === undefined) throw unusable(`has an sslmode that is none of ${Object.keys(ATTEMPTS).join(', ')}`)
  if (isSystem && mode !== 'verify-full') throw unusable('takes the certificates of the system, which needs sslmode verify-full')
  return attempts
}

function tlsOptions(encryption: Encryption, host: string, settings: Settings): ConnectionOptions {
  const folder = join(homedir(), '.postgresql')
  const pathOf = (name: string, usual: string): string | undefined => [settings.get(name) || join(folder, usual)].find((path) => path === 'system' || existsSync(path))
  const authority = encryption === 'required' ? pathOf('sslrootcert', 'root.crt') : (settings.get('sslrootcert') ?? pathOf('sslrootcert', 'root.crt'))
  const certificate = pathOf('sslcert', 'postgresql.crt')
  return {
    ...(authority !== undefined && authority !== 'system' && { ca: readFile(authority) }),
    ...(certificate !== undefined && { cert: readFile(certificate), key: readFile(settings.get('sslkey') || join(folder, 'postgresql.key')) }),
    rejectUnauthorized: encryption !== 'required' || authority !== undefined, // where there is one, `require` verifies too
    checkServerIdentity: (_, presented) => (encryption === 'verified and named' ? checkServerIdentity(host, presented) : undefined),
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw unusable('names a certificate or key that cannot be read')
  }
}

/** `host:port:database:user:password` a line, `*` for any; in a file that is its owner's alone. */
function passwordFromFile(settings: Settings, { host, port, database, user }: Readonly<Record<'host' | 'port' | 'database' | 'user', string>>): string {
  const path = settings.get('passfile') ?? join(homedir(), '.pgpass')
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)) return ''
  const wanted = [isAbsolute(host) ? 'localhost' : host, port, database, user]
  for (const line of readFile(path).split('\n')) {
    const fields = line.match(/(?:[^:\\]|\\.)+/g)?.map((field) => field.replaceAll(/\\(.)/g, '$1')) ?? []
    if (!line.startsWith('#') && fields.length === 5 && wanted.every((value, at) => fields[at] === '*' || fields[at] === value)) return fields[4] ?? ''
  }
  return ''
}

/**
 * The databases that an audit file names, and their table `audit_event (action, username, file)`.
 * @module
 */
import { userInfo } from 'node:os'
import type { Pool } from 'pg'
import { CodedError, isList, isMap, type Plain } from '@waxseal/core'
import type { AuditAction, Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { parsePlainYaml } from '../settings/plain-yaml.ts'
import { connectionsOf } from './connection-string.ts'

const INSERT = 'INSERT INTO audit_event (action, username, file) VALUES ($1, $2, $3)'
const HINT = 'files are neither encrypted nor decrypted here before every audit database takes a record of it; ask the administrator of this machine'

export class AuditDatabases {
  readonly #pools: readonly Pool[]
  readonly #env: Context['env']

  constructor(pools: readonly Pool[], env: Context['env']) {
    this.#pools = pools
    this.#env = env
  }

  /** In one database after the other. @throws CodedError AUDIT_FAILED */
  async record(action: AuditAction, path: string): Promise<void> {
    for (const pool of this.#pools) {
      try {
        await pool.query(INSERT, [action, userName(this.#env), path])
      } catch (cause) {
        throw new CodedError('AUDIT_FAILED', `failed to insert audit record: ${reasonOf(cause)}`, { hint: HINT, cause })
      }
    }
  }
}

/**
 * All that the file names, each after it has answered a first question.
 * @param file - one that may not be read is none, as in the reference
 * @throws CodedError AUDIT_INVALID, AUDIT_FAILED with a report for each database that cannot be used
 */
export async function openDatabases(file: string, { env }: Pick<Context, 'env'>): Promise<AuditDatabases | undefined> {
  const source = readIfAllowed(file)
  if (source === undefined) return undefined
  const texts = connectionStrings(parseAuditFile(file, source), file)
  if (texts.length === 0) return undefined
  const { Pool } = await import('pg')
  const pools: Pool[] = []
  const reports: string[] = []
  for (const text of texts) {
    try {
      pools.push(await firstThatAnswers(connectionsOf(text, env).map((options) => new Pool(options))))
    } catch (cause) {
      reports.push(`pinging audit database failed: ${reasonOf(cause)}`)
    }
  }
  if (reports.length > 0) throw new CodedError('AUDIT_FAILED', `connecting to audit database, defined in ${file}: ${reports.join('; ')}`, { hint: HINT, reports })
  return new AuditDatabases(pools, env)
}

function readIfAllowed(file: string): Uint8Array | undefined {
  try {
    return readFileBounded(file)
  } catch (error) {
    if (error instanceof CodedError && error.code !== 'PARSE_LIMIT') return undefined
    throw error
  }
}

function parseAuditFile(file: string, source: Uint8Array): Plain {
  try {
    return parsePlainYaml(source)
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw invalid(file, 'it is not YAML', cause) // without its words, which may quote a connection string
  }
}

/** `backends.postgres[].connection_string`; what else stands there is passed over. */
function connectionStrings(settings: Plain, file: string): readonly string[] {
  const backends = memberOf(settings, 'backends', file)
  const list = memberOf(backends, 'postgres', file)
  if (list === null) return []
  if (!isList(list)) throw invalid(file, 'postgres is not a list')
  return list.filter((backend) => backend !== null).map((backend) => {
    const text = memberOf(backend, 'connection_string', file) ?? ''
    if (isMap(text) || isList(text)) throw invalid(file, 'a connection_string is no text')
    return String(text)
  })
}

function memberOf(value: Plain, name: string, file: string): Plain {
  if (value === null) return null
  if (!isMap(value)) throw invalid(file, `what should hold ${name} is no map`)
  return value[name] ?? null
}

function invalid(file: string, what: string, cause?: unknown): CodedError {
  return new CodedError('AUDIT_INVALID', `${file}: ${what}`, { hint: 'it names audit databases, as backends: {postgres: [{connection_string: ...}]}', cause })
}

async function firstThatAnswers(pools: readonly Pool[]): Promise<Pool> {
  let failure: unknown
  for (const pool of pools) {
    pool.on('error', () => {}) // of a connection that nobody uses: the next question opens another
    try {
      await pool.query('SELECT 1')
      return pool
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** The server's own words, without what was sent to it; of what else fails, the kind. */
function reasonOf(cause: unknown): string {
  if (cause instanceof CodedError) return cause.message
  if (!(cause instanceof Error)) return 'unknown error'
  const { code, message, address, port } = cause as NodeJS.ErrnoException & { readonly address?: string; readonly port?: number }
  if ('severity' in cause) return `pq: ${message} (${code})`
  if (message === 'The server does not support SSL connections') return 'pq: SSL is not enabled on the server'
  if (code === 'ECONNREFUSED' && address !== undefined) return `dial tcp ${address}:${port}: connect: connection refused`
  return code ?? message
}

function userName(env: Context['env']): string {
  try {
    return userInfo().username
  } catch (cause) {
    if (env['USER']) return env['USER']
    throw new CodedError('AUDIT_FAILED', 'error getting current user for auditing: the system knows no name', { hint: 'set USER', cause })
  }
}

/**
 * A real PostgreSQL with the table of SOPS's audit, empty, for the tests of one file. The server refuses to run as root: then it runs as
 * the user that Debian's package makes.
 * @module
 */
import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { makeServerIdentity } from '@waxseal/testkit'
import { freePort } from './launch.ts'
import { rigProgram } from './rigs.ts'

export interface Postgres {
  readonly port: number
  /** Of its socket. */
  readonly folder: string
  /** Certificate of the authority behind its own certificate, which names 127.0.0.1 and localhost. */
  readonly caFile: string
  /** `action username file` of each record since the last call. */
  takeRecords(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** Names as in the reference's own schema, which gives the user no more than inserting. */
const SCHEMA = `CREATE TABLE audit_event (id SERIAL PRIMARY KEY, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, action TEXT, username TEXT, file TEXT);
CREATE ROLE sops LOGIN PASSWORD 'sops';
GRANT INSERT ON audit_event TO sops;
GRANT USAGE ON audit_event_id_seq TO sops;`
const TAKE = "WITH taken AS (DELETE FROM audit_event RETURNING *) SELECT action || ' ' || username || ' ' || file FROM taken ORDER BY id"

/** Undefined where the rig was left out. */
export const postgresProgram: string | undefined = rigProgram('postgres', 'postgres')

const runFile = promisify(execFile)

export async function startPostgres(): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-postgres-'))
  const owner = process.getuid?.() === 0 ? accountOf('postgres') : undefined
  const tool = async (name: string, args: readonly string[]): Promise<string> =>
    (await runFile(join(dirname(postgresProgram ?? ''), name), args, { cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }, ...owner })).stdout
  const own = (path: string): void => {
    if (owner) chownSync(path, owner.uid, owner.gid)
  }
  const { caPem, certPem, keyPem } = makeServerIdentity(new Date())
  for (const [name, content] of [['ca.pem', caPem], ['cert.pem', certPem], ['key.pem', keyPem]] as const) {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    own(join(folder, name))
  }
  own(folder)
  chmodSync(folder, 0o755)
  chmodSync(join(folder, 'ca.pem'), 0o644)
  const data = join(folder, 'data')
  const port = await freePort()
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: folder, fsync: 'off', ssl: 'on', ssl_cert_file: join(folder, 'cert.pem'), ssl_key_file: join(folder, 'key.pem') }
  const stop = async (): Promise<void> => {
    await tool('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop']).catch(() => {}) // it may not have come up
    rmSync(folder, { recursive: true, force: true })
  }
  const query = async (sql: string): Promise<readonly string[]> =>
    (await tool('psql', ['-h', folder, '-p', String(port), '-U', 'postgres', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', sql])).split('\n').filter((line) => line !== '')
  try {
    await tool('initdb', ['-D', data, '-U', 'postgres', '--auth-local=trust', '--auth-host=scram-sha-256', '--no-sync'])
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
    await tool('pg_ctl', ['-D', data, '-w', '-t', '60', '-l', join(folder, 'log'), '-o', options.join(' '), 'start'])
    await query(SCHEMA)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, folder, caFile: join(folder, 'ca.pem'), takeRecords: () => query(TAKE), stop }
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const fields = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find(([login]) => login === name)
  if (!fields) throw new Error(`there is no user ${name}`)
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}

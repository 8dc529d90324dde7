/**
 * The audit that a machine's administrator orders, in a real PostgreSQL, beside the real sops. Both look at one fixed path: for the built
 * programs, a namespace of their own holds another `/etc` there.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileAudit } from '../../cli/src/audit/file-audit.ts'
import { sops as handler } from '../../cli/src/sops/sops.ts'
import { runHandler } from '../../cli/test/test-context.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, testFolder, type Finished } from '../programs.ts'
import { postgresProgram, startPostgres, type Postgres } from '../rigs/postgres.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops')
/** Many programs, one after the other. */
const LONG_MS = 120_000
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
const IN_NAMESPACE = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"'] as const
const hasNamespaces = spawnSync(IN_NAMESPACE[0], [...IN_NAMESPACE.slice(1), '/etc', 'true']).status === 0

const auditFile = (...strings: readonly string[]): string => JSON.stringify({ backends: { postgres: strings.map((connection_string) => ({ connection_string })) } })

describe.skipIf(!postgresProgram)(`PostgreSQL audit${postgresProgram ? '' : ' (left out: rig postgres)'}`, { timeout: LONG_MS }, () => {
  let postgres: Postgres
  let address: string

  beforeAll(async () => {
    postgres = await startPostgres()
    address = `127.0.0.1:${postgres.port}`
  }, LONG_MS)
  afterAll(() => postgres?.stop())

  function folderWithPlain(): string {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'f.yaml'), 'a: 1\n')
    return cwd
  }

  describe('connection strings', () => {
    it.each([
      ['a URL', () => `postgres://sops:sops@${address}/postgres?sslmode=disable`],
      ['with encryption, which is what goes without saying', () => `postgres://sops:sops@${address}/postgres`],
      ['with a verified certificate', () => `postgres://sops:sops@${address}/postgres?sslmode=verify-ca&sslrootcert=${postgres.caFile}`],
      ['with a verified name', () => `host=127.0.0.1 port=${postgres.port} dbname=postgres user=sops password=sops sslmode=verify-full sslrootcert=${postgres.caFile}`],
      ['through a socket', () => `host=${postgres.folder} port=${postgres.port} dbname=postgres user=sops`],
      ['with parameters of the server', () => `host=127.0.0.1 port=${postgres.port} dbname=postgres user=sops password=sops search_path='"$user", public' application_name=waxseal`],
    ])('%s', async (_, connectionString) => {
      const cwd = folderWithPlain()
      writeFileSync(join(cwd, 'audit.yaml'), auditFile(connectionString()))
      const ended = await runHandler(handler, ['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd, env, audit: fileAudit(join(cwd, 'audit.yaml')) })
      expect(ended).toMatchObject({ status: 0, stderr: '' })
      expect(await postgres.takeRecords()).toEqual([`encrypt ${userInfo().username} ${join(cwd, 'f.yaml')}`])
    })

    it.each([
      ['a wrong password', () => `postgres://sops:hunter2@${address}/postgres`, 'pq: password authentication failed for user \\"sops\\" (28P01)'],
      ['no such database', () => `postgres://sops:sops@${address}/none`, 'pq: database \\"none\\" does not exist (3D000)'],
      ['a parameter that the server does not have', () => `postgres://sops:sops@${address}/postgres?hunter=2`, 'pq: unrecognized configuration parameter \\"hunter\\" (42704)'],
      ['a certificate of another authority', () => `postgres://sops:sops@${address}/postgres?sslmode=verify-full&sslrootcert=system`, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ])('that cannot be used: %s', async (_, connectionString, reason) => {
      const cwd = folderWithPlain()
      writeFileSync(join(cwd, 'audit.yaml'), auditFile(connectionString()))
      const ended = await runHandler(handler, ['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd, env, audit: fileAudit(join(cwd, 'audit.yaml')) })
      expect(ended).toMatchObject({ status: 1, stdout: '' })
      expect(ended.stderr).toContain(`msg="Pinging audit database failed: ${reason}"`)
    })
  })

  it('stands in every database that is named, and one without the table stops the command', async () => {
    const cwd = folderWithPlain()
    const good = `postgres://sops:sops@${address}/postgres`
    const audited = async (...strings: readonly string[]): ReturnType<typeof runHandler> => {
      writeFileSync(join(cwd, 'audit.yaml'), auditFile(...strings))
      return await runHandler(handler, ['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd, env, audit: fileAudit(join(cwd, 'audit.yaml')) })
    }
    expect((await audited(good, good)).status).toBe(0)
    expect(await postgres.takeRecords()).toHaveLength(2)
    const refused = await audited(good, `postgres://sops:sops@${address}/template1`)
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toContain('level=fatal msg="Failed to insert audit record: pq: relation \\"audit_event\\" does not exist (42P01)"')
    expect(await postgres.takeRecords()).toHaveLength(1)
  })

  describe.runIf(hasNamespaces)('of the built programs', () => {
    /** Runs a program where `/etc/sops/audit.yaml` has this text. */
    async function runAudited(program: string, args: readonly string[], cwd: string, text: string, more: Readonly<Record<string, string>> = {}): Promise<Finished> {
      const etc = join(cwd, 'etc')
      mkdirSync(join(etc, 'sops'), { recursive: true })
      for (const name of ['passwd', 'group', 'ld.so.cache'].filter((file) => existsSync(join('/etc', file)))) copyFileSync(join('/etc', name), join(etc, name))
      writeFileSync(join(etc, 'sops', 'audit.yaml'), text)
      const [unshare, ...words] = IN_NAMESPACE
      return await run(unshare, [...words, etc, program, ...args], { cwd, env: { ...env, ...more } })
    }

    const COMMANDS = [
      ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'],
      ['decrypt', 'f.yaml'],
      ['set', 'f.yaml', '["a"]', '2'],
      ['edit', 'f.yaml'],
      ['exec-env', 'f.yaml', 'true'],
      ['rotate', '-i', 'f.yaml'],
      ['filestatus', 'f.yaml'],
    ]

    async function recordsOf(program: string): Promise<readonly string[]> {
      const cwd = folderWithPlain()
      const text = auditFile(`postgres://sops:sops@${address}/postgres`)
      for (const args of COMMANDS) expect(await runAudited(program, args, cwd, text, { EDITOR: 'sed -i s/2/3/' })).toMatchObject({ status: 0, stderr: '' })
      expect(readFileSync(join(cwd, 'f.yaml'), 'utf8')).toContain('ENC[')
      return (await postgres.takeRecords()).map((record) => record.replace(cwd, '.'))
    }

    it.skipIf(!realSops)(`holds the records of the real sops${realSops ? '' : ' (left out: rig sops)'}`, async () => {
      const records = await recordsOf(built('sops'))
      expect(records.map((record) => record.split(' ')[0])).toEqual(['encrypt', 'decrypt', 'decrypt', 'encrypt', 'decrypt', 'encrypt', 'decrypt', 'rotate', 'decrypt', 'encrypt'])
      expect(await recordsOf(realSops ?? '')).toEqual(records)
    })

    it('is also kept by waxseal, and not by kubeseal', async () => {
      const cwd = folderWithPlain()
      const broken = auditFile('postgres://sops:sops@127.0.0.1:1/postgres')
      const ended = await runAudited(built('waxseal'), ['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], cwd, broken)
      expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('waxseal: connecting to audit database, defined in /etc/sops/audit.yaml: pinging audit database failed: dial tcp 127.0.0.1:1: connect: connection refused\nhint: ') })
      expect(ended.stdout.toString()).toBe('')
      expect((await runAudited(built('kubeseal'), ['--version'], cwd, broken)).status).toBe(0)
    })
  })
})

/**
 * PGP keys with the real programs: gpg, the real sops, and files that it wrote.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDocument, type KeyProvider, type Providers } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { createAgeProvider } from '@waxseal/provider-age'
import { createPgpProvider } from '@waxseal/provider-pgp'
import { built, FIXTURES, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

interface Fixture {
  readonly id: string
  readonly store: string
  readonly encrypted?: string
  /** Which secret PGP keys it needs; absent for inputs that were refused. */
  readonly gnupg?: string
  readonly decrypt_env?: Readonly<Record<string, string>>
}

const folder = join(FIXTURES, 'sops-3.13.2')
const { fixtures } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { readonly fixtures: readonly Fixture[] }
const key = (name: string, part: 'sec' | 'pub'): string => join(folder, 'keys', `pgp-${name}.${part}.asc`)
const KEYS = { rsa: 'C9939849A134576C736E533128AAAC4AB104ABEC', ecc: '876F16C9216226FD347934301D216E2D7538E32B', 'forced subkey': '01B0F5CF48C77CA422DD3E99809F860C93146104!' }

describe('files that the real sops wrote for PGP keys', () => {
  const usable = fixtures.filter(({ gnupg }) => gnupg === 'rsa' || gnupg === 'ecc' || gnupg === 'all')

  // Their MAC holds then; texts and layouts are compared in recorded-files.test.ts.
  it(`${usable.length} open in this process, without gpg`, { timeout: 120_000 }, async () => {
    expect(usable.length).toBeGreaterThan(60)
    let values = 0
    for (const fixture of usable) {
      const format = formatByName(fixture.store)
      if (!format) throw new TypeError(`no format ${fixture.store}`)
      const document = format.parse(readFileSync(join(folder, fixture.encrypted ?? '')))
      const { edits } = await openDocument(document, { providers: providersFor(fixture), decryptionOrder: ['pgp', 'age'], keepNonces: false })
      values += edits.length
    }
    expect(values).toBeGreaterThan(usable.length)
  })

  function providersFor({ gnupg, decrypt_env: env }: Fixture): Providers {
    const names = gnupg === 'all' ? ['rsa', 'ecc'] : [gnupg ?? '']
    const load = async (): Promise<Uint8Array> => Buffer.concat(names.map((name) => readFileSync(key(name, 'sec'))))
    const passphrase = (): Promise<never> => Promise.reject(new TypeError('the keys have none'))
    const ageFile = env?.['SOPS_AGE_KEY_FILE']?.replace('{KEYS}', join(folder, 'keys'))
    const pgp = createPgpProvider({ keyring: { isPreferred: true, secretKeys: load, publicKeys: load, passphrase } })
    const age = createAgeProvider([{ location: 'key', form: 'file', load: async () => (ageFile === undefined ? null : readFileSync(ageFile, 'utf8')) }])
    return new Map<string, KeyProvider>([['pgp', pgp], ['age', age]])
  }
})

const gpg = rigProgram('gpg', 'gpg')
const realSops = rigProgram('sops', 'sops')

describe.skipIf(!gpg)(`gpg${gpg ? '' : ' (left out: rig gpg)'}`, () => {
  let home: string
  let env: Readonly<Record<string, string>>

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'gpg-')) // short: the agent's socket is in it
    env = { GNUPGHOME: home }
    for (const name of ['rsa', 'ecc']) execFileSync('gpg', ['--batch', '--quiet', '--import', key(name, 'sec')], { env: { ...process.env, ...env }, stdio: 'ignore' })
  })
  afterAll(() => {
    spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, ...env }, stdio: 'ignore' })
    rmSync(home, { recursive: true, force: true })
  })

  it.each(['yaml', 'json', 'binary', 'dotenv', 'ini'])('opens the %s files that the real sops wrote', async (store) => {
    for (const name of ['rsa', 'ecc']) {
      const fixture = fixtures.find(({ id }) => id === `matrix/${store}-default-pgp-${name}`)
      const result = await run(built('sops'), ['decrypt', join(folder, fixture?.encrypted ?? '')], { env })
      expect(result.stderr).toBe('')
      expect(result.status).toBe(0)
      expect(result.stdout.length).toBeGreaterThan(0)
    }
  })

  it.each(Object.entries(KEYS))('and the keys in this process open each other\'s messages: %s', async (name, fingerprint) => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
    const alone = { SOPS_GPG_EXEC: join(cwd, 'absent'), WAXSEAL_PGP_KEY_FILE: key(name === 'rsa' ? 'rsa' : 'ecc', 'sec') }
    for (const [writer, reader] of [[env, alone], [alone, env]] as const) {
      const encrypted = await run(built('sops'), ['encrypt', '--pgp', fingerprint, 'p.yaml'], { cwd, env: writer })
      expect(encrypted.stderr).toBe('')
      writeFileSync(join(cwd, 'e.yaml'), encrypted.stdout)
      expect((await run(built('sops'), ['decrypt', 'e.yaml'], { cwd, env: reader })).stdout.toString()).toBe('a: 1\n')
    }
  })

  it('encrypts to keys that it was never told to trust, and to none that it does not know', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
    const empty = join(cwd, 'g')
    mkdirSync(empty, { mode: 0o700 })
    const unknown = await run(built('sops'), ['encrypt', '--pgp', KEYS.rsa, 'p.yaml'], { cwd, env: { GNUPGHOME: empty } })
    expect(unknown.status).toBe(1)
    expect(unknown.stderr).toContain(`GnuPG binary error: failed to encrypt sops data key with pgp: gpg: `)
    expect(unknown.stderr).toContain(`${KEYS.rsa}: skipped: No public key`)
    execFileSync('gpg', ['--batch', '--quiet', '--import', key('rsa', 'pub')], { env: { ...process.env, GNUPGHOME: empty }, stdio: 'ignore' })
    expect((await run(built('sops'), ['encrypt', '--pgp', KEYS.rsa, 'p.yaml'], { cwd, env: { GNUPGHOME: empty } })).status).toBe(0)
  })

  describe.skipIf(!realSops)(`and the real sops${realSops ? '' : ' (left out: rig sops)'}`, () => {
    it.each(Object.entries(KEYS))('read what this program writes, and the other way round: %s', async (name, fingerprint) => {
      const cwd = testFolder()
      writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
      const alone = { SOPS_GPG_EXEC: join(cwd, 'absent'), WAXSEAL_PGP_KEY_FILE: key(name === 'rsa' ? 'rsa' : 'ecc', 'sec') }
      const theirs = await run(realSops ?? '', ['encrypt', '--pgp', fingerprint, 'p.yaml'], { cwd, env })
      writeFileSync(join(cwd, 'theirs.yaml'), theirs.stdout)
      for (const mine of [env, alone]) {
        expect((await run(built('sops'), ['decrypt', 'theirs.yaml'], { cwd, env: mine })).stdout.toString()).toBe('a: 1\n')
        const ours = await run(built('sops'), ['encrypt', '--pgp', fingerprint, 'p.yaml'], { cwd, env: mine })
        writeFileSync(join(cwd, 'ours.yaml'), ours.stdout)
        expect((await run(realSops ?? '', ['decrypt', 'ours.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
      }
    })
  })
})

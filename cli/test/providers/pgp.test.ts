import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { FIXTURES, runHandler, testFolder, type Ended } from '../test-context.ts'
import { waxseal } from '../native/run-native.ts'

const FINGERPRINT = 'C9939849A134576C736E533128AAAC4AB104ABEC'
const SECRET = join(FIXTURES, 'sops-3.13.2', 'keys', 'pgp-rsa.sec.asc')
const PUBLIC = join(FIXTURES, 'sops-3.13.2', 'keys', 'pgp-rsa.pub.asc')
const RECORDED = join(FIXTURES, 'sops-3.13.2', 'fixtures', 'matrix', 'json-default-pgp-rsa')
const plain = readFileSync(join(RECORDED, 'plain.json'), 'utf8')
const ABSENT = 'no-such-gpg'

/** A program of the test's own, as SOPS_GPG_EXEC. */
function script(folder: string, lines: string): string {
  const path = join(folder, 'gpg.sh')
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}

function decrypt(cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return runHandler(sops, ['decrypt', join(RECORDED, 'encrypted.json')], { cwd, env: { GNUPGHOME: join(cwd, 'gnupg'), ...env } })
}

/** The report of keys without its line breaks. */
const flat = ({ stderr }: Ended): string => stderr.replace(/\n {6}\| /g, ' ')

describe('the gpg program', () => {
  it('is that of SOPS_GPG_EXEC, without a shell, with the environment it was given', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.json'), '{"a": 1}\n')
    const gpg = script(cwd, 'printf "%s\\n" "$@" "$GNUPGHOME" "$GPG_TTY" > seen; cat > input; printf "%s\\n" "-----BEGIN PGP MESSAGE-----" "" AAAA "-----END PGP MESSAGE-----"')
    const env = { SOPS_GPG_EXEC: gpg, GNUPGHOME: '/home/$(id)', GPG_TTY: '/dev/pts/9' }
    const result = await runHandler(sops, ['encrypt', '--pgp', FINGERPRINT, 'p.json'], { cwd, env })
    expect(result.stderr).toBe('')
    const [key] = (JSON.parse(result.stdout) as { sops: { pgp: { enc: string; fp: string; created_at: string }[] } }).sops.pgp
    expect(key).toEqual({ created_at: '2026-01-02T03:04:05Z', enc: '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----', fp: FINGERPRINT })
    expect(readFileSync(join(cwd, 'seen'), 'utf8').split('\n').slice(-3)).toEqual(['/home/$(id)', '/dev/pts/9', ''])
    expect(readFileSync(join(cwd, 'input')).length).toBe(32)
  })

  it.each([
    ['is missing', ABSENT, 'failed to decrypt sops data key with pgp: '],
    ['fails without a word', '/bin/false', 'failed to decrypt sops data key with pgp: '],
    ['ends without output, and without reading', '/bin/true', 'failed to decrypt sops data key with pgp: zero bytes returned'],
  ])('that %s is reported as in the reference', async (_, gpg, reason) => {
    const cwd = testFolder()
    const result = await decrypt(cwd, { SOPS_GPG_EXEC: gpg })
    expect(result.status).toBe(128)
    expect(flat(result)).toContain(
      `could not decrypt data key with PGP key: github.com/ProtonMail/go-crypto/openpgp error: could not load secring: open ${join(cwd, 'gnupg')}/pubring.gpg: no such file or directory; GnuPG binary error: ${reason}`,
    )
  })

  it('is not one that lies in the working folder', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'gpg'), '#!/bin/sh\necho started > started\n')
    chmodSync(join(cwd, 'gpg'), 0o755)
    for (const path of ['', '.', `:${cwd.replace(/./, '')}`]) await decrypt(cwd, { PATH: path })
    expect(existsSync(join(cwd, 'started'))).toBe(false)
    await decrypt(cwd, { SOPS_GPG_EXEC: './gpg' })
    expect(existsSync(join(cwd, 'started'))).toBe(true)
  })

  it('that prints without end is stopped', async () => {
    const cwd = testFolder()
    const result = await decrypt(cwd, { SOPS_GPG_EXEC: script(cwd, 'exec cat /dev/zero') })
    expect(result.status).toBe(128)
  })
})

describe('without gpg', () => {
  const gone = { SOPS_GPG_EXEC: ABSENT }

  it('a key file opens, encrypts and edits', async () => {
    const cwd = testFolder()
    const env = { ...gone, WAXSEAL_PGP_KEY_FILE: SECRET }
    expect(await decrypt(cwd, env)).toMatchObject({ status: 0, stderr: '' })
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - pgp: ${FINGERPRINT}\n`)
    writeFileSync(join(cwd, 'f.json'), plain)
    expect((await waxseal(['encrypt', '-i', 'f.json'], { cwd, env: { ...gone, WAXSEAL_PGP_KEY_FILE: PUBLIC } })).stderr).toBe('')
    expect((await waxseal(['decrypt', 'f.json'], { cwd, env })).stdout).toBe(plain)
    const locked = await waxseal(['decrypt', 'f.json'], { cwd, env: { ...gone, WAXSEAL_PGP_KEY_FILE: PUBLIC } })
    expect(locked).toMatchObject({ status: 128, stdout: '' })
    expect(locked.stderr).toContain('no secret key fits')
  })

  it('a key file is relative to the working folder, and asked before gpg', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'key.asc'), readFileSync(SECRET))
    const gpg = script(cwd, 'touch started')
    expect(await decrypt(cwd, { SOPS_GPG_EXEC: gpg, WAXSEAL_PGP_KEY_FILE: 'key.asc' })).toMatchObject({ status: 0, stderr: '' })
    expect(() => readFileSync(join(cwd, 'started'))).toThrow()
  })

  it('a key file that is missing or no key is reported by its name', async () => {
    const cwd = testFolder()
    expect(flat(await decrypt(cwd, { ...gone, WAXSEAL_PGP_KEY_FILE: 'key.asc' }))).toContain('could not load secring: open key.asc: no such file or directory')
    writeFileSync(join(cwd, 'key.asc'), 'no key')
    expect(flat(await decrypt(cwd, { ...gone, WAXSEAL_PGP_KEY_FILE: 'key.asc' }))).toContain('malformed or unsupported key')
  })

  it.each(['secring.gpg', 'pubring.gpg'])('%s in the GnuPG folder opens', async (name) => {
    const cwd = testFolder()
    mkdirSync(join(cwd, 'gnupg'))
    writeFileSync(join(cwd, 'gnupg', name), readFileSync(SECRET))
    expect(await decrypt(cwd, gone)).toMatchObject({ status: 0, stderr: '' })
  })
})

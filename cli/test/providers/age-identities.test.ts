import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, FIXTURES, OTHER_KEY_FILE, testFolder, type Ended } from '../test-context.ts'
import { waxseal } from '../native/run-native.ts'

const KEY_TEXT = readFileSync(AGE_KEY_FILE, 'utf8')
const OTHER_TEXT = readFileSync(OTHER_KEY_FILE, 'utf8')
const identity = (text: string): string => /AGE-SECRET-KEY-1\S+/.exec(text)?.[0] ?? ''

/** A folder with `f.json` for a recipient. */
async function folderWithFile(recipient = AGE_RECIPIENT): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.json'), '{"a": "b"}\n')
  expect((await waxseal(['encrypt', '-i', '--age', recipient, 'f.json'], { cwd })).stderr).toBe('')
  return cwd
}

/** Only what is given: the usual identity is switched off. */
async function decrypt(cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const { SOPS_AGE_KEY_FILE: keyFile = join(cwd, 'absent.txt'), ...others } = env
  return waxseal(['decrypt', 'f.json'], { cwd, env: { ...others, SOPS_AGE_KEY_FILE: keyFile } })
}

const opens = async (cwd: string, env: Readonly<Record<string, string>>): Promise<boolean> => (await decrypt(cwd, env)).stdout === '{"a": "b"}\n'

describe('age identities come from', () => {
  it('SOPS_AGE_KEY, several on a line', async () => {
    const cwd = await folderWithFile()
    expect(await opens(cwd, { SOPS_AGE_KEY: `${identity(OTHER_TEXT)} ${identity(KEY_TEXT)}` })).toBe(true)
    expect(await opens(cwd, { SOPS_AGE_KEY: identity(OTHER_TEXT) })).toBe(false)
  })

  it('SOPS_AGE_KEY_FILE, relative to the working folder', async () => {
    const cwd = await folderWithFile()
    writeFileSync(join(cwd, 'keys.txt'), KEY_TEXT)
    expect(await opens(cwd, { SOPS_AGE_KEY_FILE: 'keys.txt' })).toBe(true)
  })

  it('SOPS_AGE_KEY_CMD, split into words but run without a shell, which learns the recipient', async () => {
    const cwd = await folderWithFile()
    expect(await opens(cwd, { SOPS_AGE_KEY_CMD: `cat '${AGE_KEY_FILE}'` })).toBe(true)
    writeFileSync(join(cwd, 'answer.sh'), `test "$SOPS_AGE_RECIPIENT" = ${AGE_RECIPIENT} && cat '${AGE_KEY_FILE}'\n`)
    expect(await opens(cwd, { SOPS_AGE_KEY_CMD: 'sh answer.sh' })).toBe(true)
    expect(await opens(cwd, { SOPS_AGE_KEY_CMD: `true && cat '${AGE_KEY_FILE}'` })).toBe(false)
  })

  it('no command that lies in the working folder, unless it is named so', async () => {
    const cwd = await folderWithFile()
    writeFileSync(join(cwd, 'keys'), `#!/bin/sh\ncat '${AGE_KEY_FILE}'\n`)
    chmodSync(join(cwd, 'keys'), 0o755)
    const path = `.:${process.env['PATH']}`
    expect(await opens(cwd, { PATH: path, SOPS_AGE_KEY_CMD: 'keys' })).toBe(false)
    expect(await opens(cwd, { PATH: path, SOPS_AGE_KEY_CMD: './keys' })).toBe(true)
  })

  it.each([
    ['false', 'failed to execute command false: exit status 1'],
    ['no-such-program', 'failed to execute command no-such-program: exec: "no-such-program": executable file not found in $PATH'],
    ['cat "', 'failed to execute command cat ": SOPS_AGE_KEY_CMD is not a command'],
  ])('no command that fails: %s', async (command, message) => {
    expect((await decrypt(await folderWithFile(), { SOPS_AGE_KEY_CMD: command })).stderr).toContain(message)
  })

  it.each([
    ['.config', {}],
    ['xdg', { XDG_CONFIG_HOME: 'xdg' }],
  ])("the user's configuration folder: %s", async (folder, env) => {
    const cwd = await folderWithFile()
    mkdirSync(join(cwd, folder, 'sops', 'age'), { recursive: true })
    writeFileSync(join(cwd, folder, 'sops', 'age', 'keys.txt'), KEY_TEXT)
    expect(await opens(cwd, env)).toBe(true)
  })

  it('ssh keys: a file, a command, the home folder', async () => {
    const sshKey = join(FIXTURES, 'sops-3.13.2', 'keys', 'ssh_ed25519')
    const cwd = await folderWithFile(readFileSync(`${sshKey}.pub`, 'utf8').trim())
    expect(await opens(cwd, {})).toBe(false)
    expect(await opens(cwd, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: sshKey })).toBe(true)
    expect(await opens(cwd, { SOPS_AGE_SSH_PRIVATE_KEY_CMD: `cat '${sshKey}'` })).toBe(true)
    mkdirSync(join(cwd, '.ssh'))
    writeFileSync(join(cwd, '.ssh', 'id_ed25519'), readFileSync(sshKey))
    expect(await opens(cwd, {})).toBe(true)
  })

  it('wherever one is, beside broken ones', async () => {
    const cwd = await folderWithFile()
    expect(await opens(cwd, { SOPS_AGE_KEY: 'nonsense', SOPS_AGE_KEY_CMD: 'false', SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'f.json', SOPS_AGE_KEY_FILE: AGE_KEY_FILE })).toBe(true)
  })

  it('no folder, and no empty name', async () => {
    const cwd = await folderWithFile()
    expect((await decrypt(cwd, { SOPS_AGE_KEY_FILE: '' })).stderr).toContain('failed to open SOPS_AGE_KEY_FILE file: open : no such file or directory')
    expect((await decrypt(cwd, { SOPS_AGE_KEY_FILE: cwd })).stderr).toContain(`failed to open SOPS_AGE_KEY_FILE file: open ${cwd}: is a directory`)
  })

  it('nowhere: then every place is named, and what was wrong', async () => {
    const cwd = await folderWithFile()
    const { status, stderr } = await decrypt(cwd, { SOPS_AGE_KEY: 'nonsense' })
    expect(status).toBe(128)
    expect(stderr.split('\n')[0]).toBe(
      `waxseal: f.json: no master key was able to decrypt the file, needs one of: ${AGE_RECIPIENT} (failed to load age identities. Errors while loading age identities: ` +
        `failed to open SOPS_AGE_KEY_FILE file: open ${cwd}/absent.txt: no such file or directory; failed to parse 'SOPS_AGE_KEY' age identities: unknown identity type. ` +
        `Did not find keys in locations 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', '${cwd}/.ssh/id_ed25519', '${cwd}/.ssh/id_rsa', and 'SOPS_AGE_KEY_CMD'.)`,
    )
  })
})

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, OTHER_KEY_FILE, runHandler, type RunOptions, testFolder } from '../test-context.ts'

const OTHER = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
const PLAIN = 'a: secret\nb_clear: visible\n'

let folder: string
beforeEach(() => {
  folder = testFolder()
})
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> =>
  runHandler(sops, args, { cwd: folder, ...options, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...options.env } })
const rule = (text: string): string => `creation_rules:\n  - ${text.trim().replaceAll('\n', '\n    ')}\n`

describe('rule files', () => {
  it('are found in the working folder or above it, and matched below their own folder', async () => {
    write('.sops.yaml', rule(`path_regex: ^deep/.*\\.yaml$\nage: ${AGE_RECIPIENT}\nunencrypted_suffix: _clear`))
    mkdirSync(join(folder, 'deep'))
    write('deep/f.yaml', PLAIN)
    write('f.yaml', PLAIN)
    const cwd = join(folder, 'deep')
    const ended = await run(['encrypt', 'f.yaml'], { cwd })
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    expect(ended.stdout).toContain('b_clear: visible')
    expect(ended.stdout).not.toContain('secret\n')
    expect(await run(['encrypt', '../f.yaml'], { cwd })).toMatchObject({ status: 1, stderr: 'error loading config: no matching creation rules found\n' })
  })

  it('are named by a flag or the environment, and then must be there', async () => {
    write('rules.yaml', rule(`age: ${AGE_RECIPIENT}`))
    write('f.yaml', PLAIN)
    expect((await run(['--config', 'rules.yaml', 'encrypt', 'f.yaml'])).status).toBe(0)
    expect((await run(['encrypt', 'f.yaml'], { env: { SOPS_CONFIG: 'rules.yaml' } })).status).toBe(0)
    expect(await run(['--config', 'none.yaml', 'encrypt', 'f.yaml'])).toMatchObject({
      status: 1,
      stderr: 'could not read config file: open none.yaml: no such file or directory\n',
    })
  })

  it('stop commands that do not use the keys of their rule where these are wrong, and decrypting only where a type is', async () => {
    write('f.yaml', PLAIN)
    write('p.yaml', PLAIN)
    expect((await run(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'])).status).toBe(0)
    write('.sops.yaml', rule(`age: [5]`))
    const before = read('f.yaml')
    for (const words of [['encrypt', '--age', AGE_RECIPIENT, 'p.yaml'], ['-r', '-i', 'f.yaml'], ['--set', '["a"] "x"', 'f.yaml'], ['f.yaml']]) {
      expect(await run(words, { env: { EDITOR: 'true' } })).toEqual({ status: 1, stdout: '', stderr: 'invalid age key configuration: invalid age key configuration: expected string in list, got int\n' })
    }
    expect(read('f.yaml')).toBe(before)
    expect((await run(['decrypt', 'f.yaml'])).stdout).toBe(PLAIN)
    write('.sops.yaml', `${rule('path_regex: none')}  - key_groups:\n      - age: ${AGE_RECIPIENT}\n`)
    expect(await run(['decrypt', 'f.yaml'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('age of a key group is not a list') as string })
  })

  it('with a name that is almost right are told of once', async () => {
    write('.sops.yml', rule(`age: ${AGE_RECIPIENT}`))
    write('f.yaml', PLAIN)
    const { status, stderr } = await run(['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'])
    expect(status).toBe(0)
    expect(stderr.match(/the config file must be called/g)).toHaveLength(1)
  })

  it.each(['', '\n', '# nothing yet\n\n  # but a comment\n'])('without content are as good as none: %j', async (content) => {
    write('.sops.yaml', content)
    write('f.yaml', PLAIN)
    expect(await run(['encrypt', 'f.yaml'])).toMatchObject({ status: 1, stderr: 'config file not found, or has no creation rules, and no keys provided through command line options\n' })
    expect(await run(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'])).toMatchObject({ status: 0, stderr: '' })
    expect(await run(['decrypt', 'f.yaml'])).toMatchObject({ status: 0, stdout: PLAIN })
  })

  it('that are broken stop every command, with a place and without quoting', async () => {
    write('f.yaml', PLAIN)
    expect((await run(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'])).status).toBe(0)
    write('.sops.yaml', 'creation_rules: [\n')
    const ended = await run(['decrypt', 'f.yaml'])
    expect(ended).toMatchObject({ status: 1, stdout: '' })
    expect(ended.stderr).toMatch(/^error loading config: Could not unmarshal config file: /)
  })

  it('give way to flags, setting by setting, and refuse two selections', async () => {
    write('.sops.yaml', rule(`age: ${AGE_RECIPIENT}\nencrypted_regex: ^a$`))
    write('f.yaml', PLAIN)
    expect((await run(['encrypt', '--encrypted-regex', '^b', 'f.yaml'])).stdout).toContain('a: secret')
    expect((await run(['encrypt', '--encrypted-suffix', 'x', 'f.yaml'])).status).toBe(8)
    expect((await run(['encrypt', '--age', OTHER, 'f.yaml'])).stdout).toContain(OTHER)
    expect((await run(['encrypt', '--encrypted-regex', '(', 'f.yaml'])).status).toBe(1)
  })

  it('say how wide a new block is indented', async () => {
    write('.sops.yaml', `${rule(`age: ${AGE_RECIPIENT}`)}stores:\n  yaml:\n    indent: 2\n`)
    write('f.yaml', PLAIN)
    expect((await run(['encrypt', 'f.yaml'])).stdout).toContain('\nsops:\n  age:\n')
  })
})

describe('updatekeys', () => {
  const CHANGES = `The following changes will be made to the file's groups:\nGroup 1\n    ${AGE_RECIPIENT}\n+++ ${OTHER}\n`

  beforeEach(async () => {
    write('.sops.yaml', rule(`age: ${AGE_RECIPIENT}`))
    write('f.yaml', PLAIN)
    await run(['encrypt', '-i', 'f.yaml'])
    write('.sops.yaml', rule(`age: ${AGE_RECIPIENT},${OTHER}`))
  })

  it('shows the changes, asks, and keeps every value', async () => {
    const before = read('f.yaml')
    expect(await run(['updatekeys', 'f.yaml'], { stdin: 'what\nn\n' })).toMatchObject({ status: 0, stdout: `${CHANGES}${'Is this okay? (y/n):'.repeat(2)}` })
    expect(read('f.yaml')).toBe(before)
    expect(await run(['updatekeys', 'f.yaml'], { stdin: '\n' })).toMatchObject({ status: 1 })
    const ended = await run(['updatekeys', '-y', 'f.yaml'])
    expect(ended).toMatchObject({ status: 0, stdout: CHANGES })
    expect(ended.stderr).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Syncing keys for file .*\n.* synced with new keys\n$/)
    expect(read('f.yaml').split('sops:')[0]).toBe(before.split('sops:')[0])
    expect(await run(['decrypt', 'f.yaml'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).toMatchObject({ status: 0, stdout: PLAIN })
    expect((await run(['updatekeys', '-y', 'f.yaml'])).stderr).toContain('already up to date')
  })

  it('goes on after a file that fails', async () => {
    const ended = await run(['updatekeys', '-y', 'none.yaml', 'f.yaml'])
    expect(ended.status).toBe(1)
    expect(ended.stderr).toContain('failed updating 1 key(s)\n')
    expect(read('f.yaml')).toContain(OTHER)
  })
})

it.each(['updatekeys', 'publish'])('%s without a file says so where the rule file is broken, too', async (command) => {
  expect(await run([command])).toMatchObject({ status: 1, stderr: expect.stringContaining('config file not found') })
  write('.sops.yaml', 'creation_rules: [')
  expect(await run([command])).toMatchObject({ status: 100, stderr: expect.stringContaining('no file specified') })
})

describe('groups', () => {
  beforeEach(async () => {
    write('f.yaml', PLAIN)
    await run(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'])
  })

  it('are added and deleted without touching a value', async () => {
    const values = read('f.yaml').split('sops:')[0]
    expect(await run(['groups', 'add', '-i', '-f', 'f.yaml', '--age', OTHER])).toMatchObject({ status: 0, stderr: '' })
    expect(read('f.yaml')).toContain('shamir_threshold: 2')
    const alone = await run(['decrypt', 'f.yaml'])
    expect(alone.status).toBe(128)
    expect(alone.stderr).toContain('Group 0: SUCCESS')
    const keys = `${readFileSync(AGE_KEY_FILE, 'utf8')}${readFileSync(OTHER_KEY_FILE, 'utf8')}`
    const both = { env: { SOPS_AGE_KEY: keys.replaceAll(/^#.*\n/gm, '') } }
    expect(await run(['decrypt', 'f.yaml'], both)).toMatchObject({ status: 0, stdout: PLAIN })
    expect(await run(['groups', 'delete', '-i', '-f', 'f.yaml', '--shamir-secret-sharing-threshold', '1', '1'], both)).toMatchObject({ status: 0 })
    expect(await run(['decrypt', 'f.yaml'])).toMatchObject({ status: 0, stdout: PLAIN })
    expect(read('f.yaml').split('sops:')[0]).toBe(values)
  })

  it('and rotation warn of an encryption context that cannot be read, which new files do not take', async () => {
    const broken = ['--encryption-context', 'a']
    for (const args of [['groups', 'add', '-f', 'f.yaml', '--age', OTHER, ...broken], ['rotate', ...broken, 'f.yaml']]) {
      expect(await run(args)).toMatchObject({ status: 0, stderr: expect.stringContaining('context will not be used') })
    }
    expect((await run(['encrypt', '--age', OTHER, ...broken, 'f.yaml'])).status).toBe(6)
  })

  it('that would make the file unreadable are refused', async () => {
    const before = read('f.yaml')
    const add = ['groups', 'add', '-i', '-f', 'f.yaml']
    for (const args of [add, [...add, '--age', 'nobody'], [...add, '--age', OTHER, '--shamir-secret-sharing-threshold', '5'], ['groups', 'delete', '-i', '-f', 'f.yaml', '0']]) {
      const ended = await run(args)
      expect({ args, status: ended.status, fatal: ended.stderr.includes('level=fatal') }).toEqual({ args, status: 1, fatal: true })
    }
    expect((await run(['groups', 'delete', '-i', '-f', 'f.yaml', '7'])).status).toBe(2)
    expect(read('f.yaml')).toBe(before)
  })
})

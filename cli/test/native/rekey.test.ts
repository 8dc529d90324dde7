import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, OTHER_KEY_FILE, type Ended, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const BOB = /public key: (\S+)/.exec(readFileSync(OTHER_KEY_FILE, 'utf8'))?.[1] ?? ''
const PLAIN = 'user: admin\n'
const FILES = ['a.yaml', 'deep/b.yaml', 'other.yaml']

let cwd: string
const run = (...args: string[]): Promise<Ended> => waxseal(args, { cwd })
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')
const token = (name: string): string => /user: (.*)/.exec(read(name))?.[1] ?? ''
const asBob = (name: string): Promise<Ended> => waxseal(['decrypt', name], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })
const rules = (recipients: string): void => writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - path_regex: ^(a|deep/)\n    age: ${recipients}\n`)

/** For both people; `other.yaml` without a rule, for the first alone. */
beforeEach(async () => {
  cwd = testFolder()
  mkdirSync(join(cwd, 'deep'))
  for (const name of FILES) writeFileSync(join(cwd, name), PLAIN)
  rules(`${AGE_RECIPIENT},${BOB}`)
  expect((await run('encrypt', '-i', 'a.yaml', 'deep/b.yaml')).status).toBe(0)
  expect((await run('encrypt', '-i', '--age', AGE_RECIPIENT, 'other.yaml')).status).toBe(0)
})

describe('rekey', () => {
  it('does nothing where files have the keys of their rules', async () => {
    const before = FILES.map(read)
    expect(await run('rekey', '--yes')).toEqual({ status: 0, stdout: '', stderr: 'every file has the keys of its rule\n' })
    expect(await run('rekey', '--yes', '--json')).toEqual({ status: 0, stdout: '[]\n', stderr: '' })
    expect(FILES.map(read)).toEqual(before)
  })

  it('makes new data keys where somebody goes, and leaves files without a rule', async () => {
    const [before, tokens] = [read('other.yaml'), FILES.map(token)]
    rules(AGE_RECIPIENT)
    const { status, stdout } = await run('rekey', '--dry-run')
    expect([status, stdout]).toEqual([0, ['a.yaml', 'deep/b.yaml'].map((file) => `${file} (with a new data key)\n      ${AGE_RECIPIENT}\n    - ${BOB}\n`).join('')])
    expect((await run('rekey', '--yes')).status).toBe(0)
    expect(FILES.map(token).map((now, at) => now === tokens[at])).toEqual([false, false, true])
    expect(read('other.yaml')).toBe(before)
    expect((await asBob('a.yaml')).status).toBe(128)
    expect((await run('decrypt', 'a.yaml')).stdout).toBe(PLAIN)
  })

  it('keeps the ciphertext where somebody comes', async () => {
    rules(AGE_RECIPIENT)
    expect((await run('rekey', '--yes')).status).toBe(0)
    const tokens = FILES.map(token)
    rules(`${AGE_RECIPIENT},${BOB}`)
    expect(JSON.parse((await run('rekey', '--yes', '--json', 'deep')).stdout)).toMatchObject([{ file: 'deep/b.yaml', rotates: false, groups: [{ added: [BOB] }] }])
    expect(FILES.map(token)).toEqual(tokens)
    expect((await asBob('deep/b.yaml')).stdout).toBe(PLAIN)
  })

  it('keeps the ciphertext where somebody only changes the group', async () => {
    const tokens = FILES.map(token)
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - path_regex: ^a\n    key_groups:\n      - age: ['${AGE_RECIPIENT}']\n      - age: ['${BOB}']\n`)
    expect(JSON.parse((await run('rekey', '--yes', '--json', 'a.yaml')).stdout)).toMatchObject([{ rotates: false, needed: { before: 1, after: 2 } }])
    expect(FILES.map(token)).toEqual(tokens)
  })

  it('makes new data keys for all files when told, with and without rules', async () => {
    const tokens = FILES.map(token)
    expect((await run('rekey', '--yes', '--all')).status).toBe(0)
    expect(FILES.map(token).filter((now) => tokens.includes(now))).toEqual([])
    expect((await asBob('a.yaml')).stdout).toBe(PLAIN)
    expect((await run('decrypt', 'other.yaml')).stdout).toBe(PLAIN)
  })

  it('goes on beside a file that cannot be read, and tells', async () => {
    rules(AGE_RECIPIENT)
    writeFileSync(join(cwd, 'a.yaml'), `${read('a.yaml')}b: [\n`)
    const { status, stderr } = await run('rekey', '--yes')
    expect([status, stderr]).toEqual([2, expect.stringContaining('a.yaml: ')])
    expect((await asBob('deep/b.yaml')).status).toBe(128)
  })

  it('needs rules, unless it is for all', async () => {
    const folder = testFolder()
    writeFileSync(join(folder, 'x.yaml'), read('other.yaml'))
    const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
    expect((await waxseal(['rekey'], { cwd: folder, env })).stderr).toContain('there is no .sops.yaml')
    expect((await waxseal(['rekey', '--all', '--yes'], { cwd: folder, env })).status).toBe(0)
  })
})

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const PEM = ['-----BEGIN', 'OPENSSH', 'PRIVATE', 'KEY-----\nAAAA\n'].join(' ')
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: correct horse\n'

let cwd: string
const env = { SOPS_AGE_KEY_FILE: '/none', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
const guard = (...args: string[]): Promise<Ended> => waxseal(['guard', ...args], { cwd, env })
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')

function write(name: string, text: string): void {
  mkdirSync(dirname(join(cwd, name)), { recursive: true })
  writeFileSync(join(cwd, name), text)
}

beforeEach(async () => {
  cwd = testFolder()
  write('.sops.yaml', `creation_rules:\n  - path_regex: \\.yaml$\n    encrypted_regex: ^(password|hosts)$\n    age: ${AGE_RECIPIENT}\n`)
  write('deploy/db.yaml', 'user: x\npassword: hunter2\nhosts: [a, b]\n')
  write('README.md', 'read me\n')
  expect((await waxseal(['encrypt', '-i', 'deploy'], { cwd })).status).toBe(0)
})

describe('guard', () => {
  it('has nothing to object to where all is as the rules want it, and needs no key', async () => {
    expect(await guard()).toEqual({ status: 0, stdout: '', stderr: 'nothing to object to in 3 files\n' })
    expect(await guard('--json', 'deploy')).toEqual({ status: 0, stdout: '[]\n', stderr: '' })
  })

  it.each<readonly [string, string, () => string, string]>([
    ['clear-file', 'deploy/new.yaml', () => 'password: hunter2\n', 'is in clear, though a rule is meant for it'],
    ['clear-value', 'deploy/db.yaml', () => read('deploy/db.yaml').replace(/password: .*/, 'password: hunter2').replace('user: x', 'user: x\nnested: {password: 3}'), 'in clear, though the file is encrypted: nested.password, password'],
    ['clear-value', 'deploy/db.yaml', () => read('deploy/db.yaml').replace(/hosts: \[(.*?\]'?),.*\]/, 'hosts: [$1, b]'), 'in clear, though the file is encrypted: hosts[1]'],
    ['clear-secret', 'secret.yml', () => SECRET, 'there is a Secret in clear in it'],
    ['clear-secret', 'secret.json', () => '{"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}}', 'there is a Secret in clear in it'],
    ['private-key', 'id', () => PEM, 'there is a private key in it'],
    ['private-key', 'keys.txt', () => readFileSync(AGE_KEY_FILE, 'utf8'), 'there is a private key in it'],
    ['broken', 'deploy/db.yaml', () => `<<<<<<< ours\n${read('deploy/db.yaml')}`, 'cannot be read: '],
    ['broken', 'deploy/db.yaml', () => read('deploy/db.yaml').replace(/^sops:[^]*/m, 'sops: 5\n'), 'cannot be read: '],
  ])('finds %s in %s, and shows no value', async (rule, file, text, says) => {
    write(file, text())
    const { status, stdout, stderr } = await guard()
    expect([status, stderr, stdout.split('\n').length]).toEqual([1, '', 3])
    expect(stdout).toContain(`${rule.padEnd(12)}  ${file}: ${says}`)
    expect(stdout).not.toMatch(/hunter2|horse|AAAA/)
    expect(JSON.parse((await guard('--json', file)).stdout)).toMatchObject([{ rule, file, hint: expect.any(String) as string }])
    expect((await guard('--ignore', 'nothing', '--ignore', `^${file}$`)).status).toBe(0)
  })

  it.each([
    ['a file without a rule', 'app.env', 'A=b\n'],
    ['the rule file itself', '.sops.yaml', 'creation_rules:\n  - path_regex: yaml\n    age: age1\n'],
    ['an empty file', 'deploy/empty.yaml', ''],
    ['a template of a chart', 'chart.yml', SECRET.replace('correct horse', '{{ .Values.password }}')],
    ['a Secret without values', 'empty.yml', 'apiVersion: v1\nkind: Secret\nstringData: {a: ""}\n'],
    ['a sealed manifest', 'sealed.yml', SECRET.replace('kind: Secret', 'kind: SealedSecret')],
    ['a public key', 'key.pem', PEM.replace('PRIVATE', 'PUBLIC')],
    ['an encrypted private key', 'key.enc', '{"data": "ENC[AES256_GCM,data:x]", "sops": {"mac": "ENC[AES256_GCM,data:x]"}}'],
  ])('has nothing against %s', async (_, file, text) => {
    write(file, text)
    const { stdout } = await guard(file)
    expect(stdout.replace(/^broken[^]*/, '')).toBe('')
  })

  it('keeps encrypt and status from rule files that a rule matches', async () => {
    const rules = read('.sops.yaml')
    write('deploy/more.yaml', 'password: x\n')
    expect((await waxseal(['encrypt', '-i', '.'], { cwd })).status).toBe(0)
    expect(read('.sops.yaml')).toBe(rules)
    expect(await waxseal(['status'], { cwd })).toMatchObject({ status: 0, stdout: 'encrypted  deploy/db.yaml\nencrypted  deploy/more.yaml\n' })
  })

  it('refuses what it cannot do', async () => {
    expect((await guard('--staged', 'deploy')).status).toBe(8)
    expect((await guard('-')).status).toBe(1)
    expect((await guard('--ignore', '(', '.')).stderr).toContain('--ignore is not a regular expression')
    const outside = await waxseal(['guard', '--staged'], { cwd, env: { ...env, GIT_DIR: join(cwd, 'none') } })
    expect([outside.status, outside.stderr]).toEqual([1, expect.stringContaining('cannot tell what is staged')])
    expect((await waxseal(['guard', '--staged'], { cwd, env: { ...env, PATH: '/none' } })).stderr).toContain('there is no program git')
  })
})

describe('guard --staged', () => {
  const git = (...args: readonly string[]): void => expect(spawnSync('git', args, { cwd, env: { ...process.env, ...env } }).status).toBe(0)

  it('looks at what would be committed, not at the working folder', async () => {
    git('init', '-q')
    const good = read('deploy/db.yaml')
    write('deploy/new\n.yaml', 'password: hunter2\n')
    write('deploy/db.yaml', good.replace(/password: .*/, 'password: hunter2'))
    git('add', '.')
    write('deploy/db.yaml', good)
    rmSync(join(cwd, 'deploy/new\n.yaml'))
    write('deploy/unstaged.yaml', 'password: hunter2\n')
    const { status, stdout } = await guard('--staged', '--json')
    expect([status, JSON.parse(stdout)]).toMatchObject([1, [{ rule: 'clear-value', file: 'deploy/db.yaml' }, { rule: 'clear-file', file: 'deploy/new\n.yaml' }]])
    git('add', '-A', 'deploy/db.yaml', 'deploy/new\n.yaml')
    expect((await guard('--staged')).stderr).toBe('nothing to object to in 3 files\n')
    git('add', 'deploy')
    expect((await waxseal(['guard', '--staged'], { cwd: join(cwd, 'deploy'), env })).stdout).toContain('clear-file    unstaged.yaml')
  })

  it('passes over links, and over nothing', async () => {
    git('init', '-q')
    expect((await guard('--staged')).stderr).toBe('nothing to object to in 0 files\n')
    spawnSync('ln', ['-s', 'README.md', join(cwd, 'link.yaml')])
    git('add', 'link.yaml')
    expect((await guard('--staged')).stderr).toBe('nothing to object to in 0 files\n')
  })
})

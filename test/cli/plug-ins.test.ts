/** The command lines that editors, helm-secrets and git's textconv recipe are known to send to a program called sops. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, type Finished, run, type RunOptions, testFolder } from '../programs.ts'

const sops = built('sops')
const PLAIN = { yaml: '# note\nuser: bob\npassword: secret\n', json: '{\n\t"user": "bob"\n}', dotenv: 'USER=bob\n', ini: '[db]\nuser = bob\n', binary: 'any bytes\n' }
const RULES = `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }

/** A folder with a rule file. */
function workspace(): { readonly folder: string; readonly path: (name: string) => string; readonly write: (name: string, text: string | Uint8Array) => string; readonly read: (name: string) => string } {
  const folder = testFolder()
  const path = (name: string): string => join(folder, name)
  const write = (name: string, text: string | Uint8Array): string => {
    writeFileSync(path(name), text)
    return path(name)
  }
  write('.sops.yaml', RULES)
  return { folder, path, write, read: (name) => readFileSync(path(name), 'utf8') }
}

async function good(args: readonly string[], cwd: string, options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr }: Finished = await run(sops, args, { cwd, ...options, env: { ...env, ...options.env } })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.toString()
}

function script(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the extension of Visual Studio Code', () => {
  it.each(['yaml', 'json', 'ini', 'dotenv', 'binary'] as const)('encrypts and decrypts %s in temporary files without a name ending', async (type) => {
    const { folder, path, write } = workspace()
    const temporary = write('vscode-sops-1', PLAIN[type])
    const types = ['--output-type', type, '--input-type', type]
    const encrypted = await good(['--config', '/dev/null', '--config', path('.sops.yaml'), ...types, '--encrypt', temporary], folder)
    expect(encrypted).toContain('ENC[AES256_GCM')
    write('vscode-sops-2', encrypted)
    expect(await good(['--config', '/dev/null', ...types, '--decrypt', path('vscode-sops-2')], folder)).toBe(PLAIN[type])
    expect(await good(['--aws-profile', 'dev', '--ignore-mac', '--config', '/dev/null', ...types, '--decrypt', path('vscode-sops-2')], folder)).toBe(PLAIN[type])
  })

  it('says plaintext where it knows no type, and the name decides', async () => {
    const { folder, path, write } = workspace()
    write('f.yaml', await good(['--encrypt', write('p.yaml', PLAIN.yaml)], folder))
    expect(await good(['--config', '/dev/null', '--output-type', 'plaintext', '--input-type', 'plaintext', '--decrypt', path('f.yaml')], folder)).toBe(PLAIN.yaml)
    write('f', await good(['--encrypt', write('p', PLAIN.binary)], folder))
    expect(await good(['--config', '/dev/null', '--output-type', 'plaintext', '--input-type', 'plaintext', '--decrypt', path('f')], folder)).toBe(PLAIN.binary)
  })

  it('edits without a verb, by a script that copies its own buffer over the temporary file', async () => {
    const { folder, path, write } = workspace()
    write('f.yaml', await good(['--encrypt', write('p.yaml', PLAIN.yaml)], folder))
    const editor = script(path('editor.sh'), 'cp "$VSCODE_SOPS_DECRYPTED_FILE_PATH" "$1"')
    const buffer = write('buffer', PLAIN.yaml.replace('secret', 'changed'))
    await good(['--output-type', 'yaml', '--input-type', 'yaml', path('f.yaml')], folder, { env: { EDITOR: editor, VSCODE_SOPS_DECRYPTED_FILE_PATH: buffer } })
    expect(await good(['--decrypt', path('f.yaml')], folder)).toBe(PLAIN.yaml.replace('secret', 'changed'))
  })
})

describe('the plug-in of IntelliJ', () => {
  it('asks for the version, decrypts from standard input, encrypts in place and edits', async () => {
    const { folder, path, write, read } = workspace()
    expect(await good(['--version'], folder, { env: { SOPS_DISABLE_VERSION_CHECK: 'true' } })).toMatch(/^sops \d+\.\d+\.\d+/)
    write('f.yaml', PLAIN.yaml)
    expect(await good(['encrypt', '--in-place', 'f.yaml'], folder)).toBe('')
    expect(read('f.yaml')).toContain('password: ENC[')
    expect(await good(['decrypt', '--filename-override', 'f.yaml'], folder, { stdin: read('f.yaml') })).toBe(PLAIN.yaml)
    const editor = script(path('editor.sh'), 'sed -i s/secret/changed/ "$1"')
    expect(await good(['edit', 'f.yaml'], folder, { env: { EDITOR: editor } })).toBe('')
    expect(await good(['decrypt', '--filename-override', 'f.yaml'], folder, { stdin: read('f.yaml') })).toContain('password: changed\n')
  })
})

describe('helm-secrets', () => {
  /** How it guesses the type of what it decrypts, and whether anything is encrypted: by lines of the text. */
  const guess = (text: string): string => (text.split('\n').includes('sops:') ? 'yaml' : text.includes('"data": "ENC') ? 'binary' : 'json')

  it.each(['yaml', 'json', 'binary'] as const)('encrypts and decrypts %s by types, in place and to another file', async (type) => {
    const { folder, path, write, read } = workspace()
    const types = ['--input-type', type, '--output-type', type]
    write('values', PLAIN[type])
    await good(['--encrypt', ...types, '--output', path('values.dec'), path('values')], folder)
    expect(read('values.dec')).toMatch(/mac.*,type:str\]/)
    expect(guess(read('values.dec'))).toBe(type)
    expect(await good(['--decrypt', ...types, path('values.dec')], folder)).toBe(PLAIN[type])
    await good(['--encrypt', ...types, '--in-place', path('values')], folder)
    expect(guess(read('values'))).toBe(type)
    await good(['--decrypt', ...types, '--in-place', path('values')], folder)
    expect(read('values')).toBe(PLAIN[type])
  })

  it('pipes values through /dev/stdin', async () => {
    const { folder, write } = workspace()
    write('p.yaml', PLAIN.yaml)
    const line = (mode: string): string => `"${sops}" ${mode} --input-type yaml --output-type yaml /dev/stdin`
    const pipe = await run('/bin/sh', ['-c', `cat p.yaml | ${line('--encrypt')} | ${line('--decrypt')}`], { cwd: folder, env })
    expect(pipe).toMatchObject({ status: 0, stderr: '' })
    expect(pipe.stdout.toString()).toBe(PLAIN.yaml)
  })

  it('edits without a verb', async () => {
    const { folder, path, write } = workspace()
    write('values', await good(['--encrypt', '--input-type', 'yaml', '--output-type', 'yaml', write('p', PLAIN.yaml)], folder))
    const editor = script(path('editor.sh'), 'sed -i s/secret/changed/ "$1"')
    await good(['--input-type', 'yaml', '--output-type', 'yaml', path('values')], folder, { env: { EDITOR: editor } })
    expect(await good(['--decrypt', '--input-type', 'yaml', '--output-type', 'yaml', path('values')], folder)).toContain('password: changed\n')
  })
})

describe("git's textconv", () => {
  it('shows differences in plaintext and leaves the stored files encrypted', async () => {
    const { folder, path, write } = workspace()
    const git = async (...args: string[]): Promise<string> => {
      const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false']
      const { status, stdout, stderr } = await run('git', [...identity, ...args], { cwd: folder, env: { ...env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' } })
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      return stdout.toString()
    }
    await git('init', '-q')
    write('.gitattributes', '*.yaml diff=sopsdiffer\n')
    write('f.yaml', await good(['encrypt', '--filename-override', 'f.yaml', write('p', PLAIN.yaml)], folder))
    await git('config', 'diff.sopsdiffer.textconv', `${sops} --config /dev/null --decrypt`)
    await git('add', 'f.yaml', '.gitattributes')
    await git('commit', '-q', '-m', 'one')
    await good(['set', 'f.yaml', '["password"]', '"changed"'], folder)
    const diff = await git('diff', '--', 'f.yaml')
    expect(diff).toContain('-password: secret\n+password: changed\n')
    expect(diff).not.toContain('ENC[')
    await git('commit', '-q', '-am', 'two')
    expect(await git('log', '-p', '-1', '--', 'f.yaml')).toContain('+password: changed\n')
    expect(await git('show', 'HEAD:f.yaml', '--no-textconv')).toContain('password: ENC[')
    expect(readFileSync(path('f.yaml'), 'utf8')).not.toContain('changed')
  })
})

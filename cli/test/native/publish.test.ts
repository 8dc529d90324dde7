import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { AGE_RECIPIENT, OTHER_KEY_FILE, type Ended, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const OTHER_RECIPIENT = /public key: (\S+)/.exec(readFileSync(OTHER_KEY_FILE, 'utf8'))?.[1] ?? ''
const PLAIN = 'user: admin # note\nport: 8080\n'

let cwd: string
/** A server that is bucket and Vault: what was sent, by path. */
let sent: Map<string, string>
let url: string
let env: Record<string, string>

beforeEach(async () => {
  cwd = testFolder()
  sent = new Map()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url: path = '' } = request
      const stored = sent.get(path)
      const isRefused = path.includes('broken')
      if (method !== 'GET' && !isRefused) sent.set(path, Buffer.concat(chunks).toString())
      if (method === 'GET') response.writeHead(stored === undefined ? 404 : 200).end(stored === undefined ? '{}' : `{"data":${stored}}`)
      else response.writeHead(isRefused ? 403 : 200).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  env = { STORAGE_EMULATOR_HOST: url, VAULT_ADDR: url, VAULT_TOKEN: 'token', VAULT_MAX_RETRIES: '0' }
})

async function files(rules: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), PLAIN)
    expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, name], { cwd })).status).toBe(0)
  }
  writeFileSync(join(cwd, '.sops.yaml'), rules)
}

const publish = (...args: string[]): Promise<Ended> => waxseal(['publish', ...args], { cwd, env })
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')
const objectPath = (name: string): string => `/upload/storage/v1/b/bkt/o?uploadType=media&name=${encodeURIComponent(name)}`

const BOTH = `destination_rules:
  - path_regex: ^deploy/
    gcs_bucket: bkt
    gcs_prefix: d/
  - path_regex: ^apps/
    vault_path: apps
    omit_extensions: true
`

describe('publish', () => {
  it('sends the files of folders that rules match: to a bucket as they are, to Vault their values', async () => {
    await files(BOTH, 'deploy/a.yaml', 'deploy/deep/b.yaml', 'apps/c.yaml', 'other/d.yaml')
    writeFileSync(join(cwd, 'deploy/README'), 'plain')
    const { status, stdout, stderr } = await publish('--yes', 'deploy', 'apps', 'other')
    expect([status, stdout]).toEqual([0, ''])
    const vault = `${url}/v1/secret/data/apps/c`
    expect(stderr.split('\n').slice(0, 3)).toEqual(['deploy/a.yaml -> gcs://bkt/d/a.yaml (as it is)', 'deploy/deep/b.yaml -> gcs://bkt/d/deep/b.yaml (as it is)', `apps/c.yaml -> ${vault} (its values, decrypted)`])
    expect(stderr.trimEnd().split('\n').slice(3).toSorted()).toEqual([`apps/c.yaml: sent to ${vault}`, 'deploy/a.yaml: sent to gcs://bkt/d/a.yaml', 'deploy/deep/b.yaml: sent to gcs://bkt/d/deep/b.yaml'])
    expect(Object.fromEntries([...sent].map(([path, body]) => [path, path.startsWith('/v1/') ? (JSON.parse(body) as unknown) : body]))).toEqual({
      [objectPath('d/a.yaml')]: read('deploy/a.yaml'),
      [objectPath('d/deep/b.yaml')]: read('deploy/deep/b.yaml'),
      '/v1/secret/data/apps/c': { data: { user: 'admin', port: 8080 } },
    })
    expect((await publish('--yes', 'apps/c.yaml')).stderr).toContain('is the same already at')
  })

  it('matches the path below the rule file, from wherever it is called', async () => {
    await files(BOTH, 'deploy/a.yaml')
    expect((await waxseal(['publish', '--yes', 'a.yaml'], { cwd: join(cwd, 'deploy'), env })).status).toBe(0)
    expect([...sent.keys()]).toEqual([objectPath('d/a.yaml')])
  })

  it('shows the plan and sends nothing', async () => {
    await files(BOTH, 'deploy/a.yaml')
    expect(await publish('--dry-run', 'deploy')).toEqual({ status: 0, stdout: 'deploy/a.yaml -> gcs://bkt/d/a.yaml (as it is)\n', stderr: '' })
    expect(JSON.parse((await publish('--dry-run', '--json', '--omit-extensions', 'deploy')).stdout)).toEqual([{ file: 'deploy/a.yaml', to: 'gcs://bkt/d/a', sends: 'file' }])
    expect(sent.size).toBe(0)
  })

  it('encrypts anew for the keys and the selection of a recreation rule, and leaves the file as it is', async () => {
    await files(`destination_rules:\n  - gcs_bucket: bkt\n    recreation_rule:\n      encrypted_regex: ^user$\n      age: ${OTHER_RECIPIENT}\n`, 'a.yaml')
    const before = read('a.yaml')
    const { status, stderr } = await publish('--yes', 'a.yaml')
    expect([status, stderr]).toEqual([0, expect.stringMatching(`^a.yaml -> gcs://bkt/a.yaml \\(encrypted anew\\)\n    \\+ ${OTHER_RECIPIENT}\n    - ${AGE_RECIPIENT}\n`)])
    expect(read('a.yaml')).toBe(before)
    const uploaded = sent.get(objectPath('a.yaml')) ?? ''
    expect(uploaded).toContain('\nport: 8080\n')
    const opened = await waxseal(['decrypt', '--type', 'yaml', '-'], { cwd, stdin: uploaded, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })
    expect(opened.stdout).toBe(PLAIN)
  })

  it('sends nothing if one file is not ready, and goes on beside one that a destination refuses', async () => {
    await files(BOTH, 'deploy/a.yaml', 'deploy/b.yaml')
    const text = read('deploy/b.yaml')
    writeFileSync(join(cwd, 'deploy/b.yaml'), `${text}more: [\n`)
    expect((await publish('--yes', 'deploy')).status).toBe(2)
    expect(sent.size).toBe(0)
    writeFileSync(join(cwd, 'deploy/b.yaml'), text)
    writeFileSync(join(cwd, 'deploy/broken.yaml'), text)
    const { status, stderr } = await publish('--yes', 'deploy')
    expect([status, stderr]).toEqual([1, expect.stringContaining('deploy/broken.yaml: cannot upload to gcs://bkt/d/broken.yaml: status 403')])
    expect([...sent.keys()].toSorted()).toEqual([objectPath('d/a.yaml'), objectPath('d/b.yaml')])
  })

  it('hands token and values to no host that only the rule file names', async () => {
    await files(`destination_rules:\n  - vault_path: apps\n    vault_address: ${url}\n`, 'a.yaml')
    env['VAULT_ADDR'] = 'https://vault.example'
    const { status, stderr } = await publish('--yes', 'a.yaml')
    expect([status, stderr]).toEqual([1, expect.stringContaining(`Vault address ${url} is not among the hosts`)])
    expect(sent.size).toBe(0)
    expect((await publish('--yes', '--allow', url, 'a.yaml')).status).toBe(0)
  })

  it.each([
    ['no rules', 'creation_rules: []\n', ['a.yaml'], 'there is no .sops.yaml with destination_rules'],
    ['no rule for a named file', BOTH, ['a.yaml'], 'no matching destination found'],
    ['nothing in a folder', BOTH, ['.'], 'there is no encrypted file in there that a destination rule matches'],
    ['a rule without a destination', 'destination_rules: [{path_regex: a}]\n', ['a.yaml'], 'its destination rule names no destination'],
    ['a file in clear', 'destination_rules: [{gcs_bucket: bkt}]\n', ['clear.yaml'], 'clear.yaml: sops metadata not found'],
    ['standard input', BOTH, ['-'], 'this command works on files'],
  ])('refuses: %s', async (_, rules, args, says) => {
    await files(rules, 'a.yaml')
    writeFileSync(join(cwd, 'clear.yaml'), PLAIN)
    const { status, stderr } = await publish(...args)
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining(says)])
    expect(sent.size).toBe(0)
  })
})

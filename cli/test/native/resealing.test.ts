import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openWith, parseCertificate, parseSealingKey, readSealedSecret, reencrypt, unsealSecret } from '@waxseal/sealed'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CORPUS } from '../kubeseal/corpus.ts'
import { testFolder, type Ended } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const key = (file: string): string => join(CORPUS, 'keys', file)
const CERT_1 = key('k1.crt')
const KEY_1 = key('k1.key')
const CERT_2 = key('k2.crt')
const KEY_2 = key('k2.key')
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\nstringData:\n  password: correct horse\n  user: bob\n'

let cwd: string
beforeEach(() => {
  cwd = testFolder()
})
const run = (...args: string[]): Promise<Ended> => waxseal(args, { cwd })
const pipe = (stdin: string, ...args: string[]): Promise<Ended> => waxseal(args, { cwd, stdin })
const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text)
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')

/** A manifest for the first key, in the words of a person. */
async function sealed(secret = SECRET): Promise<string> {
  const { status, stdout } = await pipe(secret, 'seal', '--cert', CERT_1)
  expect(status).toBe(0)
  return stdout
}

/** The lines of `after` that are not at their place in `before`. */
function changedLines(before: string, after: string): string[] {
  const old = before.split('\n')
  const lines = after.split('\n')
  expect(lines.length).toBe(old.length)
  return lines.filter((line, at) => line !== old[at]).map((line) => line.trim().split(':')[0] ?? '')
}

/** What the file holds, by the second key. */
async function opened(file: string, keyFile = KEY_2): Promise<string> {
  return (await run('unseal', '--key', keyFile, file)).stdout
}

/** A controller with both keys behind the service proxy of an API server. @returns the arguments that lead to it, and what it was asked */
async function controller(refuseFirst = 0, onRotate?: () => void): Promise<{ readonly place: readonly string[]; readonly asked: string[] }> {
  const asked: string[] = []
  const open = openWith([KEY_2, KEY_1].map((file) => parseSealingKey(readFileSync(file, 'utf8'))))
  let refusals = refuseFirst
  function answer(route: string, body: string): { readonly status?: number; readonly body?: string | Buffer } {
    if (!route.startsWith('/v1/')) return { body: '{"kind":"Service","apiVersion":"v1","spec":{"ports":[{"name":"http","port":8080}]}}' }
    asked.push(body)
    if (route === '/v1/cert.pem') return { body: readFileSync(CERT_2) }
    if (refusals-- > 0) return { status: 429 }
    try {
      const manifest = readSealedSecret(JSON.parse(body))
      if (route === '/v1/rotate') {
        onRotate?.()
        return { body: JSON.stringify(reencrypt(manifest, open, parseCertificate(readFileSync(CERT_2, 'utf8')).publicKey)) }
      }
      unsealSecret(manifest, open)
      return {}
    } catch {
      return { status: 409 }
    }
  }
  const server = createServer((request, response) => {
    const route = (request.url ?? '').replace(/^.*\/proxy/, '')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { status = 200, body } = answer(route, Buffer.concat(chunks).toString())
      response.writeHead(status, { 'retry-after': '0' }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  write('kc', `apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {server: "${url}"}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n`)
  return { place: ['--kubeconfig', 'kc'], asked }
}

describe('seal --set', () => {
  it('changes the line of its item, without a key', async () => {
    const before = `# of the shop\r\n${(await sealed()).replaceAll('\n', '\r\n')}`
    write('sealed.yaml', before)
    expect((await pipe('eve\n', 'seal', '--cert', CERT_1, '--set', 'user', '--stdin', 'sealed.yaml')).status).toBe(0)
    expect(changedLines(before, read('sealed.yaml'))).toEqual(['user'])
    expect(await opened('sealed.yaml', KEY_1)).toContain(`user: ${Buffer.from('eve').toString('base64')}`)
  })

  it('adds an item that is not there, also to JSON, and leaves other documents alone', async () => {
    write('sealed.yaml', `kind: ConfigMap # theirs\n---\n${await sealed()}`)
    expect((await pipe('1234', 'seal', '--cert', CERT_1, '--set', 'pin', '--stdin', 'sealed.yaml')).status).toBe(0)
    const [first, second = ''] = read('sealed.yaml').split('---\n')
    expect(first).toBe('kind: ConfigMap # theirs\n')
    write('second.yaml', second)
    expect(await opened('second.yaml', KEY_1)).toContain(`pin: ${Buffer.from('1234').toString('base64')}`)
    write('sealed.json', (await pipe(SECRET, 'seal', '--cert', CERT_1, '--format', 'json')).stdout)
    expect((await pipe('1234', 'seal', '--cert', CERT_1, '--set', 'pin', '--stdin', 'sealed.json')).status).toBe(0)
    expect(JSON.parse(await opened('sealed.json', KEY_1)).data.pin).toBe(Buffer.from('1234').toString('base64'))
  })

  it.each([
    ['a name that no item has', ['--set', 'a/b', '--stdin', 'sealed.yaml'], 'cannot be the name of an item'],
    ['two files', ['--set', 'a', '--stdin', 'sealed.yaml', 'sealed.yaml'], '--set needs one SealedSecret file'],
    ['a scope', ['--set', 'a', '--stdin', '--scope', 'strict', 'sealed.yaml'], '--set and --scope exclude each other'],
    ['another name', ['--set', 'a', '--stdin', '--name', 'x', 'sealed.yaml'], 'no such SealedSecret in it'],
    ['two sources', ['--set', 'a', '--stdin', '--file', 'f', 'sealed.yaml'], '--stdin and --file exclude each other'],
    ['a Secret', ['--set', 'a', '--stdin', 'plain.yaml'], 'no SealedSecret in it'],
    ['no --set', ['--stdin', 'plain.yaml'], '--stdin and --file need --set'],
  ])('refuses %s, and nothing is written', async (_, args, message) => {
    const before = await sealed()
    write('sealed.yaml', before)
    write('plain.yaml', SECRET)
    const ended = await pipe('hush', 'seal', '--cert', CERT_1, ...args)
    expect(ended.status).not.toBe(0)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('hush')
    expect([read('sealed.yaml'), read('plain.yaml')]).toEqual([before, SECRET])
  })

  it('asks which of several is meant', async () => {
    const two = `${await sealed()}---\n${await sealed(SECRET.replace('name: db', 'name: web'))}`
    write('sealed.yaml', two)
    const ended = await pipe('x', 'seal', '--cert', CERT_1, '--set', 'user', '--stdin', 'sealed.yaml')
    expect([ended.status, ended.stderr.split('\n')[1]]).toEqual([1, 'hint: say which with --name and --namespace: shop/db, shop/web'])
    expect((await pipe('x', 'seal', '--cert', CERT_1, '--set', 'user', '--stdin', '--name', 'web', 'sealed.yaml')).status).toBe(0)
    expect(changedLines(two, read('sealed.yaml'))).toEqual(['user'])
  })
})

describe('seal over a sealed file', () => {
  it('keeps the ciphertext of what is known to be the same', async () => {
    const before = await sealed()
    write('sealed.yaml', before)
    write('s.yaml', SECRET.replace('bob', 'eve'))
    expect((await run('seal', '--cert', CERT_1, '--key', KEY_1, 's.yaml', '-o', 'sealed.yaml')).status).toBe(0)
    expect(changedLines(before, read('sealed.yaml'))).toEqual(['user'])
    const same = read('sealed.yaml')
    expect((await run('seal', '--cert', CERT_1, '--key', KEY_1, 's.yaml', '-o', 'sealed.yaml')).status).toBe(0)
    expect(read('sealed.yaml')).toBe(same)
  })

  it('seals all anew with a key that does not open it, and drops what is gone', async () => {
    const before = await sealed()
    write('sealed.yaml', before)
    write('s.yaml', SECRET.replace('  user: bob\n', ''))
    expect((await run('seal', '--cert', CERT_2, '--key', KEY_2, 's.yaml', '-o', 'sealed.yaml')).status).toBe(0)
    expect(await opened('sealed.yaml')).toContain('password')
    expect(read('sealed.yaml')).not.toContain('user:')
  })

  it('takes the certificate that .sops.yaml pins', async () => {
    write('.sops.yaml', 'waxseal:\n  cert: cert.pem\n')
    write('cert.pem', readFileSync(CERT_2, 'utf8'))
    write('sealed.yaml', (await pipe(SECRET, 'seal')).stdout)
    expect(await opened('sealed.yaml')).toContain('password')
    write('.sops.yaml', 'waxseal:\n  cert: [1]\n')
    expect((await pipe(SECRET, 'seal')).stderr).toContain('cert of waxseal is not the path of a file')
  })
})

describe('reseal', () => {
  it('seals the items of a folder for another key, and touches nothing else', async () => {
    const yaml = `# kept\n${await sealed()}`
    const json = (await pipe(SECRET, 'seal', '--cert', CERT_1, '--format', 'json')).stdout
    mkdirSync(join(cwd, 'deploy'))
    write('deploy/a.yaml', yaml)
    write('deploy/b.json', json)
    write('deploy/other.yaml', SECRET)
    const dry = await run('reseal', '--dry-run', '--key', KEY_1, '--cert', CERT_2, 'deploy')
    expect([dry.status, dry.stdout.split('\n').slice(1)]).toEqual([0, ['deploy/a.yaml', '    shop/db: password, user', 'deploy/b.json', '    shop/db: password, user', '']])
    expect([read('deploy/a.yaml'), read('deploy/b.json')]).toEqual([yaml, json])
    expect((await run('reseal', '--key', KEY_1, '--cert', CERT_2, 'deploy')).status).toBe(0)
    expect(changedLines(yaml, read('deploy/a.yaml'))).toEqual(['waxseal.dev/key', 'password', 'user'])
    expect(changedLines(json, read('deploy/b.json'))).toHaveLength(3)
    expect(read('deploy/other.yaml')).toBe(SECRET)
    expect(await opened('deploy/a.yaml')).toContain(`user: ${Buffer.from('bob').toString('base64')}`)
  })

  it('leaves what is sealed for the newest key, and tells both in JSON', async () => {
    write('a.yaml', await sealed())
    expect((await pipe('new', 'seal', '--cert', CERT_2, '--set', 'user', '--stdin', 'a.yaml')).status).toBe(0)
    const before = read('a.yaml')
    const { status, stdout } = await run('reseal', '--json', '--key', KEY_1, '--key', KEY_2, '--cert', CERT_2, 'a.yaml')
    expect([status, JSON.parse(stdout).files]).toEqual([0, [{ file: 'a.yaml', sealedSecrets: [{ name: 'shop/db', resealed: ['password'], kept: ['user'] }] }]])
    expect(changedLines(before, read('a.yaml'))).toEqual(['waxseal.dev/key', 'password'])
  })

  it('keeps the other files of a folder when one does not open', async () => {
    write('a.yaml', await sealed())
    const broken = read('a.yaml').replace('namespace: shop', 'namespace: bank')
    write('broken.yaml', broken)
    const ended = await run('reseal', '--key', KEY_1, '--cert', CERT_2, '.')
    expect(ended.status).not.toBe(0)
    expect(ended.stderr).toContain('broken.yaml')
    expect(read('broken.yaml')).toBe(broken)
    expect(await opened('a.yaml')).toContain('password')
  })

  it('leaves a file to who saved it while the controller worked, and does not tell of it as done', async () => {
    write('a.yaml', await sealed())
    write('b.yaml', await sealed())
    const { place } = await controller(0, () => write('a.yaml', SECRET))
    const { status, stdout, stderr } = await run('reseal', '--json', ...place, 'a.yaml', 'b.yaml')
    expect([status, JSON.parse(stdout).files.map(({ file }: { file: string }) => file)]).toEqual([3, ['b.yaml']])
    expect(stderr).toContain('a.yaml: was changed by something else meanwhile')
    expect(read('a.yaml')).toBe(SECRET)
  })

  it('writes out the items of an alias', async () => {
    const { spec, ...head } = JSON.parse((await pipe(SECRET, 'seal', '--cert', CERT_1, '--format', 'json')).stdout)
    const shared = `kept: &kept ${JSON.stringify(spec.encryptedData)}\n`
    write('a.yaml', `${shared}${Object.entries(head).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`).join('')}spec: {encryptedData: *kept}\n`)
    expect((await run('reseal', '--key', KEY_1, '--cert', CERT_2, 'a.yaml')).status).toBe(0)
    expect(read('a.yaml').startsWith(shared)).toBe(true)
    expect(await opened('a.yaml')).toContain(`user: ${Buffer.from('bob').toString('base64')}`)
  })

  it('finds the SealedSecrets of a List', async () => {
    const item = JSON.parse((await pipe(SECRET, 'seal', '--cert', CERT_1, '--format', 'json')).stdout)
    const before = `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ kind: 'ConfigMap' }, item] }, null, 2)}\n`
    write('list.json', before)
    expect((await run('reseal', '--key', KEY_1, '--cert', CERT_2, 'list.json')).status).toBe(0)
    expect(changedLines(before, read('list.json'))).toEqual(['"waxseal.dev/key"', '"password"', '"user"'])
    expect((await run('validate', '--key', KEY_2, 'list.json')).stdout).toBe('valid   list.json\n')
  })

  it('has the controller do it, which may ask for patience', async () => {
    const { place, asked } = await controller(2)
    const before = await sealed()
    write('a.yaml', before)
    expect((await run('reseal', ...place, 'a.yaml')).status).toBe(0)
    expect(changedLines(before, read('a.yaml'))).toEqual(['waxseal.dev/key', 'password', 'user'])
    expect(await opened('a.yaml')).toContain(`user: ${Buffer.from('bob').toString('base64')}`)
    expect(asked).toHaveLength(4)
  })

  it('needs keys to choose the certificate, and a certificate with them', async () => {
    const before = await sealed()
    write('a.yaml', before)
    expect((await run('reseal', '--cert', CERT_2, 'a.yaml')).stderr).toContain('--cert needs --key')
    expect((await run('reseal', '--key', KEY_1, 'a.yaml')).stderr).toContain('there is no certificate to seal with')
    expect(read('a.yaml')).toBe(before)
  })
})

describe('validate', () => {
  it('tells of each file whether it opens, here or in the controller, and shows no value', async () => {
    write('a.yaml', await sealed())
    write('b.yaml', (await sealed()).replace('namespace: shop', 'namespace: bank'))
    const here = await run('validate', '--key', KEY_1)
    expect([here.status, here.stdout.split('\n')[0]]).toEqual([34, 'valid   a.yaml'])
    expect(here.stdout).toMatch(/^failed {2}b\.yaml: bank\/db: /m)
    const { place } = await controller()
    const there = await run('validate', '--json', ...place, 'a.yaml', 'b.yaml')
    expect([there.status, JSON.parse(there.stdout)]).toEqual([
      34,
      [
        { file: 'a.yaml', valid: true, sealedSecrets: ['shop/db'] },
        { file: 'b.yaml', valid: false, error: { code: 'SEALED_REJECTED', message: 'b.yaml: bank/db: the controller cannot open it' } },
      ],
    ])
    expect(here.stdout + there.stdout + here.stderr + there.stderr).not.toContain('correct horse')
  })

  it('says when there is nothing to look at', async () => {
    expect((await run('validate', '--key', KEY_1)).stderr).toContain('there is no SealedSecret in there')
  })
})

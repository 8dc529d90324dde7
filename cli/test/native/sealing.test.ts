import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { kubeseal } from '../../src/kubeseal/kubeseal.ts'
import { contentOf, CORPUS, knowLabels, normalise } from '../kubeseal/corpus.ts'
import { startServer } from '../kubeseal/run-case.ts'
import { runHandler, testFolder, type Ended } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const key = (file: string): string => join(CORPUS, 'keys', file)
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\nstringData:\n  password: correct horse\n'
const FINGERPRINT = 'SHA256:eRpOUwe/BvNMdRm6O5D7n/lENY5HW+Y9GuoiwugswzM'

knowLabels('shop/db', 'ns')

let cwd: string
beforeEach(() => {
  cwd = testFolder()
})
const run = (...args: string[]): Promise<Ended> => waxseal(args, { cwd })
const pipe = (stdin: string, ...args: string[]): Promise<Ended> => waxseal(args, { cwd, stdin })
const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text)
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('seal', () => {
  it('turns a Secret into a SealedSecret with a hint of its key', async () => {
    const { status, stdout, stderr } = await pipe(SECRET, 'seal', '--cert', key('k1.crt'))
    expect([status, stderr]).toEqual([0, ''])
    expect(normalise(stdout)).toBe(
      `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  annotations:\n    waxseal.dev/key: ${FINGERPRINT}\n  name: db\n  namespace: shop\n` +
        `spec:\n  encryptedData:\n    password: <sealed key=k1 label='shop/db' b64=Y29ycmVjdCBob3JzZQ==>\n  template:\n    metadata:\n      name: db\n      namespace: shop\n`,
    )
  })

  it('says how to do without a cluster where there is none', async () => {
    write('s.yaml', SECRET)
    const { status, stderr } = await run('seal', 's.yaml')
    expect([status, stderr]).toEqual([40, expect.stringContaining('set KUBECONFIG, or give --kubeconfig; without a cluster, --cert FILE')])
  })

  it('takes name, namespace and scope, and writes the format of the output', async () => {
    write('s.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {k: v}\n')
    const { status } = await run('seal', '--cert', key('k2.crt'), '--name', 'n', '-n', 'ns', '--scope', 'namespace-wide', 's.yaml', '-o', 'out.json')
    expect(status).toBe(0)
    expect(normalise(JSON.parse(read('out.json')).spec.encryptedData.k)).toBe("<sealed key=k2 label='ns' b64=dg==>")
  })

  it('replaces an annotation by strict when told', async () => {
    const annotated = SECRET.replace('  name: db', '  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}\n  name: db')
    expect(normalise((await pipe(annotated, 'seal', '--cert', key('k1.crt'))).stdout)).toContain("label=''")
    const { stdout } = await pipe(annotated, 'seal', '--cert', key('k1.crt'), '--scope', 'strict')
    expect(normalise(stdout)).toContain("label='shop/db'")
    expect(stdout).not.toContain('cluster-wide')
  })

  it('seals several documents and lists, in place', async () => {
    write('s.yaml', `${SECRET}---\n${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'b' }, data: { x: 'MQ==' } }] })}\n`)
    expect((await run('seal', '--cert', key('k1.crt'), '-i', 's.yaml')).status).toBe(0)
    expect(read('s.yaml').match(/kind: SealedSecret/g)).toHaveLength(2)
    expect(read('s.yaml')).not.toContain('correct horse')
  })

  const refused: readonly [string, string, readonly string[], number][] = [
    ['a bad certificate', SECRET, ['--cert', key('k1.pub')], 30],
    ['an EC certificate', SECRET, ['--cert', key('ec.crt')], 30],
    ['an ended certificate', SECRET, ['--cert', key('old.crt')], 31],
    ['a missing certificate', SECRET, ['--cert', 'nope.pem'], 100],
    ['no cluster', SECRET, [], 40],
    ['no namespace', SECRET.replace('  namespace: shop\n', ''), ['--cert', key('k1.crt')], 36],
    ['another namespace', SECRET, ['--cert', key('k1.crt'), '-n', 'other'], 36],
    ['no name', SECRET.replace('  name: db\n', ''), ['--cert', key('k1.crt')], 37],
    ['a ConfigMap', SECRET.replace('Secret', 'ConfigMap'), ['--cert', key('k1.crt')], 35],
    ['no data', SECRET.slice(0, SECRET.indexOf('stringData')), ['--cert', key('k1.crt')], 35],
    ['a number for a string', SECRET.replace('correct horse', '5'), ['--cert', key('k1.crt')], 35],
    ['broken YAML', `${SECRET}---\nkind: [\n`, ['--cert', key('k1.crt')], 2],
    ['nothing', '', ['--cert', key('k1.crt')], 92],
    ['an unknown scope', SECRET, ['--cert', key('k1.crt'), '--scope', 'x'], 1],
    ['an unknown format', SECRET, ['--cert', key('k1.crt'), '--format', 'xml'], 1],
    ['one name for two', `${SECRET}---\n${SECRET}`, ['--cert', key('k1.crt'), '--name', 'x'], 1],
  ]
  it.each(refused)('refuses %s with a line and a hint', async (_, stdin, args, status) => {
    const ended = await pipe(stdin, 'seal', ...args)
    expect([ended.status, ended.stdout]).toEqual([status, ''])
    expect(ended.stderr).toMatch(/^waxseal: [^\n]+\n(?:hint: [^\n]+\n)?$/)
    expect(ended.stderr).not.toContain('correct horse')
  })

  it('refuses what is no UTF-8 text', async () => {
    writeFileSync(join(cwd, 'bad.yaml'), Buffer.from('apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {x: "\xff"}\n', 'latin1'))
    const { status, stdout, stderr } = await run('seal', '--cert', key('k2.crt'), 'bad.yaml')
    expect([status, stdout, stderr.split('\n')[0]]).toEqual([2, '', 'waxseal: bad.yaml: not UTF-8 text'])
  })

  it('leaves the file alone when it fails', async () => {
    write('s.yaml', SECRET)
    expect((await run('seal', '--cert', key('old.crt'), '-i', 's.yaml')).status).toBe(31)
    expect(read('s.yaml')).toBe(SECRET)
  })
})

describe('unseal', () => {
  it.each(['k1.key', 'k1.pkcs8.key', 'k1.secret.json'])('opens what seal sealed, with %s', async (file) => {
    const sealed = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    const { status, stdout } = await pipe(sealed, 'unseal', '--key', key('k2.key'), '--key', key(file))
    expect(status).toBe(0)
    expect(stdout).toBe('apiVersion: v1\ndata:\n  password: Y29ycmVjdCBob3JzZQ==\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\n')
  })

  it('opens what kubeseal sealed, and the other way round', async () => {
    const sealed = await runHandler(kubeseal, ['--cert', key('k1.crt')], { cwd, stdin: SECRET })
    expect((await pipe(sealed.stdout, 'unseal', '--key', key('k1.key'))).stdout).toContain('"password": "Y29ycmVjdCBob3JzZQ=="')
    const ours = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    const opened = await runHandler(kubeseal, ['--recovery-unseal', '--recovery-private-key', key('k1.key')], { cwd, stdin: ours })
    expect(opened.stdout).toContain('"password": "Y29ycmVjdCBob3JzZQ=="')
  })

  it('renders templates', async () => {
    const sealed = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    const templated = sealed.replace('  template:\n', '  template:\n    data: {url: "x:{{ .password }}@db"}\n')
    const { stdout } = await pipe(templated, 'unseal', '--key', key('k1.key'), '--format', 'json')
    expect(Buffer.from(JSON.parse(stdout).data.url, 'base64').toString()).toBe('x:correct horse@db')
  })

  it('writes a file for its owner alone', async () => {
    write('sealed.yaml', (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout)
    write('out.yaml', 'old')
    expect((await run('unseal', '--key', key('k1.key'), 'sealed.yaml', '-o', 'out.yaml')).status).toBe(0)
    expect(read('out.yaml')).toContain('password:')
    expect(statSync(join(cwd, 'out.yaml')).mode & 0o777).toBe(0o600)
  })

  it('reads the documented backup whole', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [JSON.parse(readFileSync(key('k2.secret.json'), 'utf8'))] }
    write('backup.yaml', `${JSON.stringify(list).replace('{', '# keys\n{')}\n---\n${readFileSync(key('k1.secret.json'), 'utf8')}`)
    const sealed = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    expect((await pipe(sealed, 'unseal', '--key', 'backup.yaml')).status).toBe(0)
  })

  it.each<[string, readonly string[], number]>([
    ['without a key', [], 1],
    ['with another key', ['--key', key('k2.key')], 34],
    ['with a public key', ['--key', key('k1.pub')], 32],
    ['with an EC key', ['--key', key('ec.key')], 32],
    ['with an empty key file', ['--key', 'empty'], 32],
    ['with no key file', ['--key', 'nope'], 100],
  ])('fails %s', async (_, args, status) => {
    write('empty', '')
    const sealed = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    const ended = await pipe(sealed, 'unseal', ...args)
    expect([ended.status, ended.stdout]).toEqual([status, ''])
  })

  it('fails for altered items and for what is no SealedSecret', async () => {
    const sealed = (await pipe(SECRET, 'seal', '--cert', key('k1.crt'))).stdout
    expect((await pipe(sealed.replace('name: db', 'name: dc'), 'unseal', '--key', key('k1.key'))).status).toBe(34)
    expect((await pipe(sealed.replace(/password: \S+/, 'password: "%"'), 'unseal', '--key', key('k1.key'))).status).toBe(33)
    expect((await pipe(SECRET, 'unseal', '--key', key('k1.key'))).status).toBe(35)
    expect((await pipe('', 'unseal', '--key', key('k1.key'))).status).toBe(92)
  })
})

describe('cert', () => {
  const pem = contentOf({ ref: 'keys/k2.crt' }).toString()

  it('asks the controller through the API server', async () => {
    const service = '/api/v1/namespaces/sealing/services'
    const server = await startServer(
      {
        [`GET ${service}/ctl`]: { status: 200, type: 'application/json', body: '{"kind":"Service","apiVersion":"v1","spec":{"ports":[{"name":"http","port":8080}]}}' },
        [`GET ${service}/http:ctl:http/proxy/v1/cert.pem`]: { status: 200, body: pem },
      },
      [],
    )
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    write('kc', `apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {server: "${url}"}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n`)
    const place = ['--kubeconfig', 'kc', '--controller-namespace', 'sealing', '--controller-name', 'ctl']
    const ended = await run('cert', ...place, '-o', 'cert.pem')
    expect([ended.status, ended.stdout]).toEqual([0, ''])
    expect(ended.stderr).toMatch(/^waxseal: certificate SHA256:\S+, valid until 2045-01-01\n$/)
    expect(read('cert.pem')).toBe(pem)
    expect(normalise((await pipe(SECRET, 'seal', ...place)).stdout)).toContain('key=k2')
    // A name is one part of a path, whatever stands in it.
    expect((await run('cert', '--kubeconfig', 'kc', '--controller-namespace', 'x/services/y/../../sealing', '--controller-name', 'ctl')).status).toBe(42)
    const missing = await run('cert', '--kubeconfig', 'kc')
    expect([missing.status, missing.stderr.split('\n')[0]]).toEqual([42, 'waxseal: cannot get sealed secret service: the server could not find the requested resource'])
  })

  it('follows a redirect of a URL, and tells what it is in JSON', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/v1/cert.pem' }).end()
      else response.end(pem)
    })
    const { status, stdout } = await run('cert', '--url', `${url}/old`, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ notBefore: '2025-04-28T00:00:00.000Z', notAfter: '2045-01-01T00:00:00.000Z', pem, daysLeft: 6938 })
  })

  it('warns of an end that is near or past', async () => {
    expect((await run('cert', '--url', key('old.crt'))).stderr).toMatch(/^waxseal: warning: the certificate ended on 2020-03-22; fetch a newer one\n/)
  })

  it.each<[string, RequestListener]>([
    ['loops', (_, response) => void response.writeHead(302, { location: '/again' }).end()],
    ['leaves HTTP', (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end()],
    ['fails', (_, response) => void response.writeHead(503).end()],
    ['is cut off', (request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('x')
      setTimeout(() => request.socket.destroy(), 20)
    }],
    ['never ends', (_, response) => void response.end(Buffer.alloc(2 * 1024 * 1024))],
  ])('gives up on a URL that %s', async (_, listener) => {
    const ended = await run('cert', '--url', await serve(listener))
    expect([ended.status, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toMatch(/^waxseal: cannot fetch "http:/)
  })

  it.each(['http://[', 'file:///etc/passwd'])('gives up on a redirect to %s', async (location) => {
    const ended = await run('cert', '--url', await serve((_, response) => void response.writeHead(302, { location }).end()))
    expect([ended.status, ended.stdout]).toEqual([2, ''])
  })

  it('shows no password of a URL', async () => {
    const { stderr } = await run('cert', '--url', 'http://user:hunter2@127.0.0.1:1/')
    expect(stderr).toContain('user:***@127.0.0.1')
    expect(stderr).not.toContain('hunter2')
  })

  it('gives up on a server that is not there, and on what is no URL', async () => {
    expect((await run('cert', '--url', 'http://127.0.0.1:1/')).status).toBe(2)
    expect((await run('cert', '--url', 'ftp://x/y')).status).toBe(1)
    expect((await run('cert', '--url', 'http://')).status).toBe(1)
    expect((await run('cert', '--url', 'file://host/x')).status).toBe(1)
  })
})

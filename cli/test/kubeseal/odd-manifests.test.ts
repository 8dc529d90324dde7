/**
 * Manifests with odd scalars and fields, as kubeseal 0.38.4 answered to them.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kubeseal } from '../../src/kubeseal/kubeseal.ts'
import { runHandler, testFolder, type Ended } from '../test-context.ts'
import { CORPUS, normalise } from './corpus.ts'

const CERTIFICATE = join(CORPUS, 'keys', 'k1.crt')

function run(stdin: string, args: readonly string[] = ['--cert', CERTIFICATE], cwd = testFolder()): Promise<Ended> {
  return runHandler(kubeseal, args, { cwd, stdin })
}

/** The plaintexts of what was sealed, by item. */
function items({ stdout }: Ended): Record<string, string> {
  const { encryptedData } = (JSON.parse(stdout) as { spec: { encryptedData: Record<string, string> } }).spec
  const plaintext = (sealed: string): string => Buffer.from(/b64=([^>]*)>/.exec(normalise(sealed))?.[1] ?? '', 'base64').toString()
  return Object.fromEntries(Object.entries(encryptedData).map(([name, sealed]) => [name, plaintext(sealed)]))
}

const HEAD = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: ns1\n'

describe('a string that looks like something else', () => {
  it.each([
    ['1e3', '1000'],
    ['1e6', '1e+06'],
    ['1000000.0', '1e+06'],
    ['1e-7', '1e-07'],
    ['3.14159265358979', '3.1415927'],
    ['1e39', '+Inf'],
    ['1e400', '1e400'],
    ['-0.0', '-0'],
    ['.nan', 'NaN'],
    ['.inf', '+Inf'],
    ['-.inf', '-Inf'],
    ['12345678901234567', '12345678901234567'],
    ['18446744073709551615', '18446744073709551615'],
    ['-9223372036854775809', '-9.223372e+18'],
    ['123456789012345678901234567890', '1.2345679e+29'],
    ['!!binary aGk=', 'hi'],
    ['yes', 'true'],
    ['010', '8'],
    ['2024-01-01', '2024-01-01'],
  ])('%s is sealed as %s', async (scalar, text) => {
    expect(items(await run(`${HEAD}stringData:\n  a: ${scalar}\n`))).toEqual({ a: text })
  })
})

it('takes lists of numbers for bytes', async () => {
  expect(items(await run(`${HEAD}data:\n  a: [104, 105]\n  b: []\n`))).toEqual({ a: 'hi', b: '' })
  expect((await run(`${HEAD}data:\n  a: [300]\n`)).status).toBe(1)
})

it('knows fields whatever the case of their letters', async () => {
  expect(items(await run(`${HEAD}data:\n  a: YQ==\nData:\n  b: Yg==\nSTRINGDATA:\n  c: text\n`))).toEqual({ a: 'a', b: 'b', c: 'text' })
})

it('passes over documents without a field of a Secret', async () => {
  expect(items(await run(`{}\n---\nfoo: bar\n---\n${HEAD}data:\n  a: YQ==\n---\nmetadata: {}\n`))).toEqual({ a: 'a' })
  expect(await run('{}')).toMatchObject({ status: 1, stderr: 'error: no secrets found. Ensure the input is valid and UTF-8 encoded\n' })
})

it('lets the last of equal keys count', async () => {
  expect(items(await run(`${HEAD}data:\n  a: YQ==\ndata:\n  b: Yg==\n`))).toEqual({ b: 'b' })
})

it.each([
  ['a: Mw==\n  <<: *x', 'x'],
  ['<<: *x\n  a: Mw==', '3'],
  ['<<: *y\n  <<: *x', 'x'],
  ['a: Mw==\n  <<: [*x, *y]', 'x'],
  ['a: Mw==\n  <<: []', '3'],
])('lets a merge replace what stands before it: %j', async (data, a) => {
  expect(items(await run(`x: &x {a: eA==}\ny: &y {a: eQ==}\n${HEAD}data:\n  ${data}\n`))).toEqual({ a })
})

it.each([
  ['a key that is nothing', `${HEAD}data:\n  ~: YQ==\n`, 'no secrets found'],
  ['an apiVersion that is no text', `apiVersion: on\n${HEAD.slice(15)}data:\n  a: YQ==\n`, 'cannot unmarshal bool into Go struct field Secret.TypeMeta.apiVersion'],
  ['a kind that is no text', '{"kind": 3, "metadata": {"name": "a", "namespace": "b"}, "data": {"a": "YQ=="}}', 'cannot unmarshal number into Go struct field Secret.TypeMeta.kind'],
  ['a time that is none', HEAD.replace('metadata:\n', 'metadata:\n  creationTimestamp: yesterday\n') + 'data:\n  a: YQ==\n', 'parsing time'],
  ['a generation that is no integer', HEAD.replace('metadata:\n', 'metadata:\n  generation: "3"\n') + 'data:\n  a: YQ==\n', 'of type int64'],
  ['binary data twice', `${HEAD}data:\n  a: !!binary YWJj\n`, 'illegal base64 data'],
])('refuses %s', async (_case, manifest, message) => {
  const ended = await run(manifest)
  expect([ended.status, ended.stdout]).toEqual([1, ''])
  expect(ended.stderr).toMatch(/^error: /)
  expect(ended.stderr).toContain(message)
})

describe('a kubeconfig that is not there', () => {
  const nowhere = ['--cert', CERTIFICATE, '--kubeconfig', 'nowhere', '-n', 'ns2']

  it('ends --raw, whatever the namespace', async () => {
    expect(await run('value', [...nowhere, '--raw', '--name', 'a'])).toMatchObject({ status: 1, stderr: 'error: stat nowhere: no such file or directory\n' })
  })

  it('makes -n as good as not given', async () => {
    expect(await run(`${HEAD}data:\n  a: YQ==\n`, nowhere)).toMatchObject({ status: 0, stderr: '' })
    expect(await run(`${HEAD.replace('  namespace: ns1\n', '')}data:\n  a: YQ==\n`, nowhere)).toMatchObject({ status: 1, stderr: 'error: secret must declare a namespace\n' })
  })
})

it('merges into a target that lost its name', async () => {
  const cwd = testFolder()
  const target = JSON.stringify({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', metadata: { namespace: 'ns1' }, spec: { encryptedData: { old: 'AA==' } } })
  writeFileSync(join(cwd, 'target.json'), target)
  expect(await run(`${HEAD}data:\n  a: YQ==\n`, ['--cert', CERTIFICATE, '--merge-into', 'target.json'], cwd)).toMatchObject({ status: 0, stderr: '' })
  const merged = JSON.parse(readFileSync(join(cwd, 'target.json'), 'utf8')) as { metadata: object; spec: { encryptedData: object } }
  expect(merged.metadata).toEqual({ namespace: 'ns1' })
  expect(Object.keys(merged.spec.encryptedData)).toEqual(['a', 'old'])
})

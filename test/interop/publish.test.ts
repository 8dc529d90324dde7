/**
 * Files that are published: to S3 on moto and to key/value stores of a real OpenBao, beside what the real sops puts there.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, FIXTURES, run, testFolder, type Finished } from '../programs.ts'
import { launch, type Service } from '../rigs/launch.ts'
import { baoProgram, startOpenBao, type OpenBao } from '../rigs/openbao.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops')
const python = rigProgram('moto', 'python')
const sops = built('sops')
const waxseal = built('waxseal')
const OTHER_KEY_FILE = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-b.txt')
const OTHER_RECIPIENT = /public key: (\S+)/.exec(readFileSync(OTHER_KEY_FILE, 'utf8'))?.[1] ?? ''
/** moto checks no signature. */
const OWNER = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' }
const PLAIN = 'user: admin # note\nport: 8080\nratio: 1.5\nnested:\n  list: [one, 2]\n  on: true\n  none: null\n'

/** A folder with an encrypted `f.yaml` and a rule file. */
async function folderWith(rules: string): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.yaml'), PLAIN)
  const { stderr } = await run(sops, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd })
  expect(stderr).toBe('')
  writeFileSync(join(cwd, '.sops.yaml'), rules)
  return cwd
}

describe.skipIf(!baoProgram)(`publishing to OpenBao${baoProgram ? '' : ' (left out: rig openbao)'}`, () => {
  let bao: OpenBao
  const publish = (cwd: string, args: readonly string[] = ['-y', 'f.yaml'], program = sops): Promise<Finished> =>
    run(program, ['publish', ...args], { cwd, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, VAULT_ADDR: bao.url, VAULT_TOKEN: bao.token } })

  beforeAll(async () => {
    bao = await startOpenBao()
    await bao.ask('POST', 'sys/mounts/one', { type: 'kv', options: { version: '1' } })
  })
  afterAll(() => bao?.stop())

  it('writes the values to version 2, and nothing when they are there', async () => {
    const cwd = await folderWith('destination_rules:\n  - vault_path: app\n')
    expect(await publish(cwd)).toMatchObject({ status: 0, stderr: '' })
    expect(await bao.ask('GET', 'secret/data/app/f.yaml')).toMatchObject({ data: { data: { user: 'admin', port: 8080, ratio: 1.5, nested: { list: ['one', 2], on: true, none: null } }, metadata: { version: 1 } } })

    expect(await publish(cwd, ['--verbose', '-y', 'f.yaml'])).toMatchObject({ status: 0 })
    expect(await bao.ask('GET', 'secret/data/app/f.yaml')).toMatchObject({ data: { metadata: { version: 1 } } })
  })

  it('writes the bare values to version 1', async () => {
    const cwd = await folderWith('destination_rules:\n  - vault_path: app/\n    vault_kv_mount_name: one/\n    vault_kv_version: 1\n')
    expect(await publish(cwd, ['-y', '--omit-extensions', 'f.yaml'])).toMatchObject({ status: 0, stderr: '' })
    expect(await bao.ask('GET', 'one/app/f')).toMatchObject({ data: { user: 'admin', port: 8080 } })
  })

  it('tells what the server said, without the token', async () => {
    const cwd = await folderWith('destination_rules:\n  - vault_path: app/\n    vault_kv_mount_name: nowhere/\n')
    const { status, stderr } = await publish(cwd)
    expect(status).toBe(1)
    expect(stderr).toContain('nowhere/data/app/f.yaml')
    expect(stderr).not.toContain(bao.token)
  })

  it.skipIf(!realSops)(`stores what the real sops stores${realSops ? '' : ' (left out: rig sops)'}`, async () => {
    const cwd = await folderWith('destination_rules:\n  - vault_path: theirs\n')
    expect(await publish(cwd, ['-y', 'f.yaml'], realSops)).toMatchObject({ status: 0 })
    const theirs = (await bao.ask('GET', 'secret/data/theirs/f.yaml')) as { readonly data: { readonly data: unknown } }
    writeFileSync(join(cwd, '.sops.yaml'), 'destination_rules:\n  - vault_path: ours\n')
    expect(await publish(cwd)).toMatchObject({ status: 0 })
    expect(await bao.ask('GET', 'secret/data/ours/f.yaml')).toMatchObject({ data: { data: theirs.data.data } })
  })
})

describe.skipIf(!python)(`publishing to S3 on moto${python ? '' : ' (left out: rig moto)'}`, () => {
  let moto: Service
  beforeAll(async () => {
    const seed = join(FIXTURES, 'sops-cloud-3.13.2', 'seed.json')
    const script = join(import.meta.dirname, '..', 'rigs', 'python', 'moto_seeded.py')
    moto = await launch({ name: 'moto', program: python ?? '', args: (port) => [script, seed, String(port)], readyPath: '/moto-api/data.json' })
    expect((await fetch(`${moto.url}/bkt`, { method: 'PUT', headers: OWNER })).status).toBe(200)
  })
  afterAll(() => moto?.stop())

  const publish = (cwd: string, args: readonly string[], program = sops): Promise<Finished> =>
    run(program, ['publish', ...args], {
      cwd,
      env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, AWS_ENDPOINT_URL: moto.url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example-secret', AWS_EC2_METADATA_DISABLED: 'true' },
    })
  const stored = async (key: string): Promise<Buffer> => {
    const answer = await fetch(`${moto.url}/bkt/${key}`, { headers: OWNER })
    expect(answer.status).toBe(200)
    return Buffer.from(await answer.arrayBuffer())
  }

  it('uploads the file as it is', async () => {
    const cwd = await folderWith('destination_rules:\n  - s3_bucket: bkt\n    s3_prefix: as-it-is/\n')
    expect(await publish(cwd, ['-y', 'f.yaml'])).toMatchObject({ status: 0, stdout: Buffer.alloc(0), stderr: '' })
    expect(await stored('as-it-is/f.yaml')).toEqual(readFileSync(join(cwd, 'f.yaml')))
  })

  it.each([['ours', sops] as const, ...(realSops ? [['theirs', realSops] as const] : [])])('encrypts anew for the recreation rule: %s', async (who, program) => {
    const cwd = await folderWith(`destination_rules:\n  - s3_bucket: bkt\n    s3_prefix: ${who}/\n    recreation_rule:\n      encrypted_suffix: er\n      age: ${OTHER_RECIPIENT}\n`)
    const before = readFileSync(join(cwd, 'f.yaml'))
    const { status, stdout } = await publish(cwd, ['-y', 'f.yaml'], program)
    expect([status, stdout.toString()]).toEqual([0, `The following changes will be made to the file's key groups:\nGroup 1\n+++ ${OTHER_RECIPIENT}\n--- ${AGE_RECIPIENT}\n`])
    expect(readFileSync(join(cwd, 'f.yaml'))).toEqual(before)
    const uploaded = (await stored(`${who}/f.yaml`)).toString()
    expect(uploaded).toMatch(/^(?:#.*\n)?user: ENC\[.*\nport: 8080\n/)
    const opened = await run(sops, ['decrypt', '--input-type', 'yaml', '--output-type', 'json', '/dev/stdin'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE }, stdin: uploaded })
    expect(JSON.parse(opened.stdout.toString())).toMatchObject({ user: 'admin', port: 8080 })
  })

  it('publishes folders, and leaves out what is declined', async () => {
    const cwd = await folderWith('destination_rules:\n  - s3_bucket: bkt\n    s3_prefix: tree/\n')
    mkdirSync(join(cwd, 'd', 'e'), { recursive: true })
    for (const name of ['d/a.yaml', 'd/e/b.yaml']) writeFileSync(join(cwd, name), readFileSync(join(cwd, 'f.yaml')))
    expect(await publish(cwd, ['-y', '--recursive', 'd'])).toMatchObject({ status: 0, stderr: '' })
    for (const key of ['a.yaml', 'e/b.yaml']) expect((await stored(`tree/${key}`)).toString()).toContain('sops:')
  })

  it('takes files from waxseal, too: as they are, and encrypted anew', async () => {
    const cwd = await folderWith(`destination_rules:
  - path_regex: ^d/
    s3_bucket: bkt
    s3_prefix: native/
    omit_extensions: true
  - s3_bucket: bkt
    s3_prefix: anew/
    recreation_rule:
      encrypted_regex: ^user$
      age: ${OTHER_RECIPIENT}
`)
    mkdirSync(join(cwd, 'd', 'e'), { recursive: true })
    const file = readFileSync(join(cwd, 'f.yaml'))
    for (const name of ['d/a.yaml', 'd/e/b.yaml']) writeFileSync(join(cwd, name), file)
    const { status, stderr } = await publish(cwd, ['--yes', 'd', 'f.yaml'], waxseal)
    expect([status, stderr.split('\n').slice(0, 3)]).toEqual([0, ['d/a.yaml -> s3://bkt/native/a (as it is)', 'd/e/b.yaml -> s3://bkt/native/e/b (as it is)', 'f.yaml -> s3://bkt/anew/f.yaml (encrypted anew)']])
    expect(readFileSync(join(cwd, 'f.yaml'))).toEqual(file)
    for (const key of ['a', 'e/b']) expect(await stored(`native/${key}`)).toEqual(file)
    const uploaded = (await stored('anew/f.yaml')).toString()
    expect(uploaded).toMatch(/^user: ENC\[.* # note\nport: 8080\n/)
    expect((await run(waxseal, ['decrypt', '--type', 'yaml', '-'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE }, stdin: uploaded })).stdout.toString()).toBe(PLAIN)
  })

  it('tells what the bucket said to waxseal, without the credentials', async () => {
    const cwd = await folderWith('destination_rules:\n  - s3_bucket: nowhere\n')
    const { status, stderr } = await publish(cwd, ['--yes', 'f.yaml'], waxseal)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/f\.yaml: cannot upload to s3:\/\/nowhere\/f\.yaml: .*NoSuchBucket/)])
    expect(stderr).not.toContain('example-secret')
  })
})

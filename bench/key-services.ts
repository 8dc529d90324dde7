/**
 * `node bench/key-services.ts`: requests to key services and the time that they take, ours beside the real sops on the same services.
 * AWS KMS is moto behind a relay that counts requests and adds 50 ms to each; Vault is a real OpenBao. Needs `pnpm build` and `pnpm rigs`.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { gcpKmsOverRest, GcpKms, huaweiCloud, startScriptedServer, type GcpSeed, type HuaweiSeed } from '@waxseal/testkit'
import { launch } from '../test/rigs/launch.ts'
import { startOpenBao, type VaultSeed } from '../test/rigs/openbao.ts'
import { relay } from '../test/rigs/relay.ts'
import { rigProgram } from '../test/rigs/rigs.ts'

const DELAY_MS = 50
const FILES = 1000
const ROUNDS = 5

const ROOT = join(import.meta.dirname, '..')
const SEED_FILE = join(ROOT, 'fixtures', 'sops-cloud-3.13.2', 'seed.json')
const seed = JSON.parse(readFileSync(SEED_FILE, 'utf8')) as { readonly gcp: GcpSeed; readonly huawei: HuaweiSeed; readonly vault: VaultSeed }
const ACCOUNT = 'arn:aws:kms:eu-west-1:123456789012'
const THREE_KEYS = ['key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195', 'key/269fa4f9-6072-440c-aee2-b21a902c8c98', 'key/mrk-379d16cd1127512ad0adcc4597a989a1'].map((key) => `${ACCOUNT}:${key}`)
const RING = 'projects/waxseal-alpha/locations/global/keyRings/sops/cryptoKeys'

const realSops = rigProgram('sops', 'sops')
const python = rigProgram('moto', 'python')
if (!realSops || !python) throw new Error('the real sops or moto is missing: run pnpm rigs')
const programs = { waxseal: join(ROOT, 'dist', 'bin', 'sops'), sops: realSops }
type Name = keyof typeof programs
const NAMES = Object.keys(programs) as readonly Name[]

const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
const env: NodeJS.ProcessEnv = { PATH: `${join(process.execPath, '..')}${delimiter}${process.env['PATH']}`, HOME: folder }

/** @returns wall time in ms */
async function time(program: string, args: readonly string[], more: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now()
  const child = spawn(program, args, { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}: ${said.slice(0, 300)}`)
  return performance.now() - started
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

const moto = await launch({ name: 'moto', program: python, args: (port) => [join(ROOT, 'test', 'rigs', 'python', 'moto_seeded.py'), SEED_FILE, String(port)], readyPath: '/moto-api/data.json' })
const counted = await relay(moto.url, (request) => String(request.headers['x-amz-target']), DELAY_MS)
const aws = { AWS_ENDPOINT_URL: counted.url, AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example-secret', AWS_EC2_METADATA_DISABLED: 'true' }
try {
  writeFileSync(join(folder, 'p.yaml'), 'a: one\nb: 2\n')
  await countRequests()
  await decryptFolder()
  await firstDecrypts()
} finally {
  counted.close()
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** Three AWS keys in one group. */
async function countRequests(): Promise<void> {
  console.log(`## Three AWS KMS keys, ${DELAY_MS} ms a request\n\n| command | program | requests | wall, ms | sops / it |\n|---|---|---:|---:|---:|`)
  const keys = THREE_KEYS.join(',')
  await time(realSops!, ['encrypt', '--kms', keys, '--output', 'three.yaml', 'p.yaml'], aws)
  writeFileSync(join(folder, '.sops.yaml'), `creation_rules:\n  - kms: ${keys}\n`)
  const commands: Readonly<Record<string, readonly string[]>> = {
    encrypt: ['encrypt', '--kms', keys, 'p.yaml'],
    decrypt: ['decrypt', 'three.yaml'],
    rotate: ['rotate', 'three.yaml'],
    'updatekeys, nothing to change': ['updatekeys', '-y', 'three.yaml'],
  }
  for (const [what, args] of Object.entries(commands)) {
    const walls = new Map<Name, number[]>(NAMES.map((name) => [name, []]))
    const requests = new Map<Name, number>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of NAMES) {
        const before = counted.calls.length
        walls.get(name)!.push(await time(programs[name], args, aws))
        requests.set(name, counted.calls.length - before)
      }
    }
    for (const name of NAMES) console.log(`| ${what} | ${name} | ${requests.get(name)} | ${median(walls.get(name)!).toFixed(0)} | ${(median(walls.get('sops')!) / median(walls.get(name)!)).toFixed(2)} |`)
  }
}

/** Each file has a data key of its own. The real one has no folders: it is run for a tenth of the files. */
async function decryptFolder(): Promise<void> {
  const waxseal = join(ROOT, 'dist', 'bin', 'waxseal')
  const fast = { ...aws, AWS_ENDPOINT_URL: moto.url }
  mkdirSync(join(folder, 'tree'))
  for (let n = 0; n < FILES; n++) writeFileSync(join(folder, 'tree', `${n}.yaml`), `a: value ${n}\n`)
  writeFileSync(join(folder, '.sops.yaml'), `creation_rules:\n  - path_regex: ^tree/\n    kms: ${THREE_KEYS[0]}\n`)
  await time(waxseal, ['encrypt', '-i', 'tree'], { ...fast, WAXSEAL_ALLOW: moto.url })
  cpSync(join(folder, 'tree'), join(folder, 'again'), { recursive: true })
  const before = counted.calls.length
  const wall = await time(waxseal, ['decrypt', '-i', 'tree'], { ...aws, WAXSEAL_ALLOW: counted.url })
  const requests = counted.calls.length - before
  let theirs = 0
  for (let n = 0; n < FILES / 10; n++) theirs += await time(realSops!, ['decrypt', '-i', `again/${n}.yaml`], aws)
  console.log(`\n## ${FILES} files with one AWS KMS key, ${DELAY_MS} ms a request\n\n| program | files | requests | at once | wall, s |\n|---|---:|---:|---:|---:|`)
  console.log(`| waxseal decrypt -i FOLDER | ${FILES} | ${requests} | ${counted.most()} | ${(wall / 1000).toFixed(1)} |`)
  console.log(`| sops decrypt -i, file by file | ${FILES / 10} | ${FILES / 10} | 1 | ${(theirs / 1000).toFixed(1)} |`)
}

/** Whole processes, one file with one key; the services answer at once. */
async function firstDecrypts(): Promise<void> {
  const bao = await startOpenBao(seed.vault)
  const gcp = await startScriptedServer(gcpKmsOverRest(new GcpKms(seed.gcp)))
  const huawei = await startScriptedServer(huaweiCloud(seed.huawei))
  const [access = '', secret = ''] = Object.entries(seed.huawei.credentials)[0] ?? []
  const region = seed.huawei.region.toUpperCase().replaceAll('-', '_')
  const services: Readonly<Record<string, { readonly flags: readonly string[]; readonly env: NodeJS.ProcessEnv }>> = {
    'AWS KMS (moto)': { flags: ['--kms', THREE_KEYS[0]!], env: { ...aws, AWS_ENDPOINT_URL: moto.url } },
    'Vault (OpenBao)': { flags: ['--hc-vault-transit', bao.key('one')], env: { VAULT_TOKEN: bao.token } },
    'GCP KMS (own server, REST)': { flags: ['--gcp-kms', `${RING}/one`], env: { GOOGLE_OAUTH_ACCESS_TOKEN: 'any', SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: gcp.url } },
    'HuaweiCloud KMS (own server)': {
      flags: ['--hckms', `${seed.huawei.region}:${Object.keys(seed.huawei.keys)[0]}`],
      env: { HUAWEICLOUD_SDK_AK: access, HUAWEICLOUD_SDK_SK: secret, HUAWEICLOUD_SDK_PROJECT_ID: seed.huawei.project_id, [`HUAWEICLOUD_SDK_REGION_KMS_${region}`]: huawei.url },
    },
  }
  rmSync(join(folder, '.sops.yaml'))
  console.log(`\n## First decryption of a process\n\n| service | program | wall, ms | sops / it |\n|---|---|---:|---:|`)
  try {
    for (const [service, { flags, env: more }] of Object.entries(services)) {
      await time(realSops!, ['encrypt', ...flags, '--output', 'first.yaml', 'p.yaml'], more)
      const walls = new Map<Name, number[]>(NAMES.map((name) => [name, []]))
      for (let round = 0; round < ROUNDS; round++) for (const name of NAMES) walls.get(name)!.push(await time(programs[name], ['decrypt', 'first.yaml'], more))
      for (const name of NAMES) console.log(`| ${service} | ${name} | ${median(walls.get(name)!).toFixed(0)} | ${(median(walls.get('sops')!) / median(walls.get(name)!)).toFixed(2)} |`)
    }
  } finally {
    await Promise.all([bao.stop(), gcp.close(), huawei.close()])
  }
}

/**
 * Keys of HuaweiCloud KMS, on a server that checks signatures, and with the real sops.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { huaweiCloud, startScriptedServer, type ScriptedServer } from '@waxseal/testkit'
import { built, run, testFolder, type Finished } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudFixtures, cloudSeed, cloudText, contentOf } from './cloud-fixtures.ts'

const realSops = rigProgram('sops', 'sops')
const sops = built('sops')
const PLAIN = 'a: 1\n'
const [id = '', secret = ''] = Object.entries(cloudSeed.huawei.credentials)[0] ?? []
const keys = Object.keys(cloudSeed.huawei.keys).map((uuid) => `${cloudSeed.huawei.region}:${uuid}`)
const [one = '', two = ''] = keys

describe('HuaweiCloud KMS', () => {
  let cloud: ScriptedServer
  let env: Readonly<Record<string, string>>
  let cwd: string

  beforeAll(async () => {
    cloud = await startScriptedServer(huaweiCloud(cloudSeed.huawei))
    env = {
      HUAWEICLOUD_SDK_AK: id,
      HUAWEICLOUD_SDK_SK: secret,
      HUAWEICLOUD_SDK_PROJECT_ID: cloudSeed.huawei.project_id,
      HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4: cloud.url,
    }
  })
  afterAll(() => cloud.close())
  beforeEach(() => {
    cwd = testFolder()
    writeFileSync(join(cwd, 'p.yaml'), PLAIN)
  })

  const decrypt = (more: Readonly<Record<string, string>> = {}, program = sops): Promise<Finished> => run(program, ['decrypt', 'e.yaml'], { cwd, env: { ...env, ...more } })

  it.each(cloudFixtures('huawei'))('$file: $about', async (fixture) => {
    const name = `e.${fixture.type}`
    writeFileSync(join(cwd, name), cloudText(fixture.file))
    const result = await run(sops, ['decrypt', name], { cwd, env })
    if (fixture.expect === 'fail') {
      expect(result.status).toBe(128)
      expect(result.stderr.split(/[\s|]+/).join(' ')).toContain('HuaweiCloud answered 400: KMS.0308 Failed to decrypt the data.')
    } else {
      expect(result.stderr).toBe('')
      expect(contentOf(result.stdout.toString(), fixture)).toEqual(contentOf(cloudText(fixture.plain ?? ''), fixture))
    }
  })

  it.skipIf(!realSops)(`opens what the real sops writes, and the other way round, with as many requests${realSops ? '' : ' (left out: rig sops)'}`, async () => {
    const counts: number[] = []
    for (const [writer, reader] of [[sops, realSops], [realSops, sops]] as const) {
      const before = cloud.requests.length
      writeFileSync(join(cwd, 'e.yaml'), (await run(writer ?? '', ['encrypt', '--hckms', `${keys.join(', ')},`, 'p.yaml'], { cwd, env })).stdout)
      expect((await decrypt({}, reader ?? '')).stdout.toString()).toBe(PLAIN)
      counts.push(cloud.requests.length - before)
    }
    expect(counts).toEqual([3, 3])
  })

  it('is used with a profile, and without a project: it is looked up', async () => {
    const profile = join(cwd, 'credentials')
    writeFileSync(profile, `[basic]\nak = ${id}\nsk = ${secret}\niam_endpoint = ${cloud.url}\n`)
    const regions = join(cwd, 'regions.yaml')
    writeFileSync(regions, `kms:\n  - id: cn-north-4\n    endpoint: ${cloud.url}\n`)
    const files = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: profile, HUAWEICLOUD_SDK_REGIONS_FILE: regions }
    const { stdout, stderr } = await run(sops, ['encrypt', '--hckms', one, 'p.yaml'], { cwd, env: files })
    expect(stderr).toBe('')
    writeFileSync(join(cwd, 'e.yaml'), stdout)
    for (const program of realSops ? [sops, realSops] : [sops]) expect((await run(program, ['decrypt', 'e.yaml'], { cwd, env: files })).stdout.toString()).toBe(PLAIN)
    const tested = await run(built('waxseal'), ['keys', 'test', 'e.yaml'], { cwd, env: files })
    expect(tested.stdout.toString()).toContain(`, ${profile})`)
    expect(cloud.requests.at(-2)?.target).toBe('/v3/projects?name=cn-north-4')
  })

  it('keeps its files through rotate, updatekeys and groups, as the real sops reads them', async () => {
    const found = (): readonly string[] => [...readFileSync(join(cwd, 'e.yaml'), 'utf8').matchAll(/key_id: (.*)/g)].map(([, name]) => name ?? '')
    const step = async (args: readonly string[]): Promise<void> => {
      const { status, stderr } = await run(sops, args, { cwd, env })
      expect({ args, status, stderr: stderr.replaceAll(/^\d{4}\/.*\n/gm, '') }).toEqual({ args, status: 0, stderr: '' })
      for (const program of realSops ? [sops, realSops] : [sops]) expect((await decrypt({}, program)).stdout.toString()).toBe(PLAIN)
    }
    writeFileSync(join(cwd, 'e.yaml'), PLAIN)
    await step(['encrypt', '-i', '--hckms', one, 'e.yaml'])
    await step(['rotate', '-i', '--add-hckms', two, 'e.yaml'])
    expect(found()).toEqual([one, two])
    await step(['rotate', '-i', '--rm-hckms', one, 'e.yaml'])
    expect(found()).toEqual([two])
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - hckms: ["${one}, ", ${two}]\n`)
    await step(['updatekeys', '-y', 'e.yaml'])
    expect(found()).toEqual([one, two])
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - key_groups:\n      - hckms: [{key_id: "${one}"}]\n`)
    await step(['updatekeys', '-y', 'e.yaml'])
    expect(found()).toEqual([one])
    await step(['groups', 'add', '-i', '--file', 'e.yaml', '--hckms', two, '--shamir-secret-sharing-threshold', '2'])
    expect(found()).toEqual([one, two])
  })

  it('writes nothing when one key of a group cannot wrap, and names it', async () => {
    const unknown = 'cn-north-4:unknown'
    const { status, stdout, stderr } = await run(sops, ['encrypt', '--hckms', `${one},${unknown}`, 'p.yaml'], { cwd, env })
    expect({ status, stdout: stdout.toString() }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`failed to encrypt new data key with master key "${unknown}"`)
    expect(stderr).not.toContain(secret)
  })
})

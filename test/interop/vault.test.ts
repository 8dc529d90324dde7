/**
 * Keys of transit engines with a real OpenBao and the real sops.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, run, testFolder, type Finished } from '../programs.ts'
import { baoProgram, startOpenBao, type OpenBao } from '../rigs/openbao.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudFixtures, cloudSeed, cloudText, contentOf } from './cloud-fixtures.ts'

const realSops = rigProgram('sops', 'sops')
const sops = built('sops')
const PLAIN = 'a: 1\n'

describe.skipIf(!baoProgram)(`OpenBao${baoProgram ? '' : ' (left out: rig openbao)'}`, () => {
  let bao: OpenBao
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    bao = await startOpenBao(cloudSeed.vault)
    env = { VAULT_TOKEN: bao.token }
  })
  afterAll(() => bao?.stop())

  function folderWithPlain(): string {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.yaml'), PLAIN)
    return cwd
  }

  async function encrypted(cwd: string, key: string, program = sops): Promise<string> {
    const { stdout, stderr } = await run(program, ['encrypt', '--hc-vault-transit', `${key},`, 'p.yaml'], { cwd, env })
    expect(stderr).toBe('')
    writeFileSync(join(cwd, 'e.yaml'), stdout)
    return stdout.toString()
  }

  const decrypt = (cwd: string, more: Readonly<Record<string, string>> = {}, program = sops): Promise<Finished> => run(program, ['decrypt', 'e.yaml'], { cwd, env: { ...env, ...more } })

  it.each(cloudFixtures('vault'))('opens $file: $about', async (fixture) => {
    const cwd = testFolder()
    const name = `e.${fixture.type}`
    // The address is not covered by the MAC.
    writeFileSync(join(cwd, name), cloudText(fixture.file).replaceAll(cloudSeed.vault.address, bao.url))
    const result = await run(sops, ['decrypt', name], { cwd, env })
    expect(result.stderr).toBe('')
    expect(contentOf(result.stdout.toString(), fixture)).toEqual(contentOf(cloudText(fixture.plain ?? ''), fixture))
  })

  it.skipIf(!realSops)(`opens what the real sops writes, and the other way round${realSops ? '' : ' (left out: rig sops)'}`, async () => {
    for (const key of [bao.key('one'), bao.key('three', 'team/sops')]) {
      for (const [writer, reader] of [[sops, realSops], [realSops, sops]] as const) {
        const cwd = folderWithPlain()
        await encrypted(cwd, key, writer ?? '')
        expect((await decrypt(cwd, {}, reader ?? '')).stdout.toString()).toBe(PLAIN)
      }
    }
  })

  it('opens files of an older version of a key, until a policy says no', async () => {
    const cwd = folderWithPlain()
    await bao.ask('POST', 'transit/keys/rotated')
    expect(await encrypted(cwd, bao.key('rotated'))).toContain('vault:v1:')
    await bao.ask('POST', 'transit/keys/rotated/rotate')
    expect((await decrypt(cwd)).stdout.toString()).toBe(PLAIN)
    await bao.ask('POST', 'transit/keys/rotated/config', { min_decryption_version: 2 })
    const refused = await decrypt(cwd)
    expect(refused.status).toBe(128)
    expect(refused.stderr.split(/[\s|]+/).join(' ')).toContain('Code: 400. Errors: * ciphertext or signature version is disallowed by policy (too old)')
    expect(await encrypted(cwd, bao.key('rotated'))).toContain('vault:v2:')
    expect((await decrypt(cwd)).stdout.toString()).toBe(PLAIN)
  })

  it('says why a key does not answer: deleted, token without or with few permissions', async () => {
    const cwd = folderWithPlain()
    await bao.ask('POST', 'transit/keys/gone')
    await encrypted(cwd, bao.key('gone'))
    await bao.ask('POST', 'transit/keys/gone/config', { deletion_allowed: true })
    await bao.ask('DELETE', 'transit/keys/gone')
    expect((await decrypt(cwd)).stderr.split(/[\s|]+/).join(' ')).toContain('Code: 400. Errors: * encryption key not found')

    await bao.ask('POST', 'transit/keys/limited')
    await encrypted(cwd, bao.key('limited'))
    const wrong = await decrypt(cwd, { VAULT_TOKEN: 's.hunter2' })
    expect(wrong.status).toBe(128)
    expect(wrong.stderr.split(/[\s|]+/).join(' ')).toContain('Code: 403. Errors: * permission denied')
    expect(wrong.stderr).not.toContain('hunter2')
    await bao.ask('PUT', 'sys/policies/acl/decrypts', { policy: 'path "transit/decrypt/limited" { capabilities = ["update"] }' })
    const { auth } = (await bao.ask('POST', 'auth/token/create', { policies: ['decrypts'] })) as { readonly auth: { readonly client_token: string } }
    const limited = { VAULT_TOKEN: auth.client_token }
    expect((await decrypt(cwd, limited)).stdout.toString()).toBe(PLAIN)
    expect((await run(sops, ['encrypt', '--hc-vault-transit', bao.key('limited'), 'p.yaml'], { cwd, env: limited })).stderr).toContain('permission denied')
  })

  it('is used with the token that a login left, and in a namespace', async () => {
    const cwd = folderWithPlain()
    writeFileSync(join(cwd, '.vault-token'), `${bao.token}\n`)
    await bao.ask('POST', 'sys/namespaces/staff')
    await bao.ask('POST', 'staff/sys/mounts/transit', { type: 'transit' })
    const inStaff = { VAULT_NAMESPACE: 'staff' }
    const { stdout, stderr } = await run(sops, ['encrypt', '--hc-vault-transit', bao.key('only-here'), 'p.yaml'], { cwd, env: inStaff })
    expect(stderr).toBe('')
    writeFileSync(join(cwd, 'e.yaml'), stdout)
    expect((await run(sops, ['decrypt', 'e.yaml'], { cwd, env: inStaff })).stdout.toString()).toBe(PLAIN)
    expect((await run(sops, ['decrypt', 'e.yaml'], { cwd })).status).toBe(128)
  })

  it('keeps its files through rotate, updatekeys and groups, as the real sops reads them', async () => {
    const cwd = folderWithPlain()
    const [one, two] = [bao.key('one'), bao.key('three', 'team/sops')]
    const keys = (): readonly string[] => [...readFileSync(join(cwd, 'e.yaml'), 'utf8').matchAll(/key_name: (.*)/g)].map(([, name]) => name ?? '')
    const step = async (args: readonly string[]): Promise<void> => {
      const { status, stderr } = await run(sops, args, { cwd, env })
      expect({ args, status, stderr: stderr.replaceAll(/^\d{4}\/.*\n/gm, '') }).toEqual({ args, status: 0, stderr: '' })
      expect((await decrypt(cwd)).stdout.toString()).toBe(PLAIN)
      if (realSops) expect((await decrypt(cwd, {}, realSops)).stdout.toString()).toBe(PLAIN)
    }
    await encrypted(cwd, one)
    await step(['rotate', '-i', '--add-hc-vault-transit', two, 'e.yaml'])
    expect(keys()).toEqual(['one', 'three'])
    await step(['rotate', '-i', '--rm-hc-vault-transit', one, 'e.yaml'])
    expect(keys()).toEqual(['three'])
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - hc_vault_transit_uri: ["${one},", "${two}"]\n`)
    await step(['updatekeys', '-y', 'e.yaml'])
    expect(keys()).toEqual(['one', 'three'])
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - key_groups:\n      - hc_vault: ["${one}"]\n`)
    await step(['updatekeys', '-y', 'e.yaml'])
    expect(keys()).toEqual(['one'])
    await step(['groups', 'add', '-i', '--file', 'e.yaml', '--hc-vault-transit', two, '--shamir-secret-sharing-threshold', '2'])
    expect(keys()).toEqual(['one', 'three'])
  })

  it('is asked by native commands only if it is the server that is set or allowed', async () => {
    const cwd = folderWithPlain()
    await encrypted(cwd, bao.key('one'))
    const native = (args: readonly string[], more = {}): Promise<Finished> => run(built('waxseal'), ['decrypt', ...args, 'e.yaml'], { cwd, env: { ...env, ...more } })
    const refused = await native([])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain(`Vault address ${bao.url} is not among the hosts that keys of files may name`)
    expect(refused.stderr).toContain(`hint: if you trust it, set VAULT_ADDR, or allow it with --allow ${bao.url} or WAXSEAL_ALLOW`)
    expect(refused.stdout.length).toBe(0)
    const tested = await run(built('waxseal'), ['keys', 'test', '--allow', bao.url, 'e.yaml'], { cwd, env })
    expect(tested.stdout.toString()).toMatch(/opens\s+\S+\/v1\/transit\/keys\/one \(hc_vault, \d+ ms, VAULT_TOKEN\)/)
    for (const [args, more] of [[[], { VAULT_ADDR: bao.url }], [['--allow', bao.url], {}], [[], { SOPS_HC_VAULT_ALLOWLIST: bao.url }]] as const) {
      expect((await native(args, more)).stdout.toString()).toBe(PLAIN)
    }
    expect((await decrypt(cwd, { VAULT_ADDR: 'https://vault.example.invalid' })).stderr).toContain(`msg="Vault address ${bao.url} of the file is not the one that VAULT_ADDR sets"`)
  })
})

/**
 * AWS KMS keys on moto, whose keys have the material of the recorded files, and on MiniStack, which has key states: files of the
 * real sops open here, files of this program open there, and no command makes more requests than the real one.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type CodedError, openDocument, plainTree, restrictHosts, type KeyReport, type Tree } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { createAwsProvider } from '@waxseal/provider-aws'
import { built, run, testFolder, type Finished } from '../programs.ts'
import { launch, type Service } from '../rigs/launch.ts'
import { relay, type Relay } from '../rigs/relay.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudBytes, cloudFixtures, cloudSeedFile, cloudText } from './cloud-fixtures.ts'

const recorded = cloudFixtures('aws', 'sts', 'age')

const ACCOUNT = 'arn:aws:kms:eu-west-1:123456789012'
const ONE = `${ACCOUNT}:key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195`
const TWO = `${ACCOUNT}:key/269fa4f9-6072-440c-aee2-b21a902c8c98`
const ALIAS = `${ACCOUNT}:alias/waxseal`
const THREE = 'arn:aws:kms:us-east-1:123456789012:key/f6016748-3557-4a01-9375-74efeb212ce7'
const MULTI = `${ACCOUNT}:key/mrk-379d16cd1127512ad0adcc4597a989a1`
const UNKNOWN = `${ACCOUNT}:key/28bca7a4-f58e-4cb6-b31c-000000000000`
const ROLE = 'arn:aws:iam::123456789012:role/sops'
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example-secret', AWS_EC2_METADATA_DISABLED: 'true' }

const python = rigProgram('moto', 'python')
const realSops = rigProgram('sops', 'sops')
const ours = (args: readonly string[], options: Parameters<typeof run>[2]): Promise<Finished> => run(built('sops'), args, options)

/** `Encrypt`, `Decrypt` or `AssumeRole`. */
function actionOf(request: { readonly headers: Readonly<Record<string, unknown>> }, body: string): string {
  const target = request.headers['x-amz-target']
  return typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : (new URLSearchParams(body).get('Action') ?? 'unknown')
}

describe.skipIf(!python)(`AWS KMS on moto${python ? '' : ' (left out: rig moto)'}`, () => {
  let moto: Service
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    const script = join(import.meta.dirname, '..', 'rigs', 'python', 'moto_seeded.py')
    moto = await launch({ name: 'moto', program: python ?? '', args: (port) => [script, cloudSeedFile, String(port)], readyPath: '/moto-api/data.json' })
    env = { ...CREDENTIALS, AWS_ENDPOINT_URL: moto.url }
  })
  afterAll(() => moto?.stop())

  describe('recorded files of the real sops', () => {
    const provider = createAwsProvider({
      policy: restrictHosts(() => [ROLE]),
      sources: {
        endpoint: () => moto.url,
        credentials: { accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY },
        sessionName: 'sops@test',
        agents: async () => ({ http: new HttpAgent(), https: new HttpsAgent() }),
      },
    })

    it('are all there', () => {
      expect(recorded.filter((file) => file.expect === 'ok')).toHaveLength(12)
      expect(recorded.filter((file) => file.expect === 'fail')).toHaveLength(3)
    })

    it.each(recorded.filter((file) => file.expect === 'ok'))('$file opens', async ({ file, type, plain = '' }) => {
      const format = formatByName(type)
      if (!format) throw new TypeError(`no format ${type}`)
      const opened = await openDocument(format.parse(cloudBytes(file)), { providers: new Map([['kms', provider]]), keepNonces: false })
      const source = cloudBytes(plain)
      const wanted = (format.parsePlain?.(source) ?? format.parse(source)).tree
      // Texts and layouts are compared in recorded-files.test.ts: here comments may stand elsewhere.
      const values = (tree: Tree): string => Buffer.from(formatByName('json')?.emit(tree) ?? []).toString()
      expect(values(plainTree(opened))).toBe(values(wanted))
    })

    it.each([
      ['sops/aws-context-wrong.yaml', 'KEY_REJECTED'],
      ['sops/aws-key-unknown.yaml', 'KEY_UNUSABLE'],
      ['sops/aws-region-moved.yaml', 'KEY_UNUSABLE'],
    ])('%s does not: %s', async (file, code) => {
      const document = formatByName('yaml')!.parse(cloudBytes(file))
      const failure: unknown = await openDocument(document, { providers: new Map([['kms', provider]]) }).catch((error: unknown) => error)
      expect((failure as CodedError).code).toBe('DATA_KEY_UNRECOVERABLE')
      expect(((failure as CodedError).reports as readonly KeyReport[]).map(({ error }) => error?.code)).toEqual([code])
    })
  })

  describe.skipIf(!realSops)(`and the real sops${realSops ? '' : ' (left out: rig sops)'}`, () => {
    const KEYS: readonly (readonly [string, readonly string[]])[] = [
      ['keys of two regions and an alias', ['--kms', `${TWO},${ALIAS},${THREE}`]],
      ['a role and a context', ['--kms', `${ONE}+${ROLE}`, '--encryption-context', 'App:wax,Role:prod']],
      ['a multi-Region key', ['--kms', MULTI]],
    ]
    it.each(KEYS)('read what the other writes: %s', async (_, flags) => {
      const cwd = testFolder()
      writeFileSync(join(cwd, 'p.json'), '{\n\t"a": "one",\n\t"b": 2\n}\n')
      const [theirs, mine] = await Promise.all([run(realSops ?? '', ['encrypt', ...flags, 'p.json'], { cwd, env }), ours(['encrypt', ...flags, 'p.json'], { cwd, env })])
      expect([theirs.stderr, mine.stderr]).toEqual(['', ''])
      writeFileSync(join(cwd, 'theirs.json'), theirs.stdout)
      writeFileSync(join(cwd, 'mine.json'), mine.stdout)
      const entries = [theirs, mine].map(({ stdout }) => (JSON.parse(stdout.toString()) as { readonly sops: { readonly kms: readonly object[] } }).sops.kms)
      const [their, my] = entries.map((list) => list.map((entry) => ({ ...entry, created_at: '', enc: '' })))
      expect(my).toEqual(their)
      const read = await Promise.all([ours(['decrypt', 'theirs.json'], { cwd, env }), run(realSops ?? '', ['decrypt', 'mine.json'], { cwd, env })])
      for (const { stdout } of read) expect(JSON.parse(stdout.toString())).toEqual({ a: 'one', b: 2 })
    })

    it('rotate, update and exchange the keys of each other\'s files', async () => {
      const cwd = testFolder()
      writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - key_groups:\n      - kms: [{arn: "${ONE}", context: {App: wax}}]\n      - kms: [{arn: "${TWO}"}]\n      - kms: [{arn: "${THREE}", role: "${ROLE}"}]\n    shamir_threshold: 2\n`)
      writeFileSync(join(cwd, 'p.yaml'), 'a: one\n')
      const first = await ours(['encrypt', 'p.yaml'], { cwd, env })
      expect(first.stderr).toBe('')
      writeFileSync(join(cwd, 'e.yaml'), first.stdout)
      const steps: readonly (readonly [typeof ours, readonly string[]])[] = [
        [(args, options) => run(realSops ?? '', args, options), ['rotate', '-i', '--add-kms', MULTI, 'e.yaml']],
        [ours, ['rotate', '-i', '--rm-kms', MULTI, '--add-kms', ALIAS, 'e.yaml']],
        [(args, options) => run(realSops ?? '', args, options), ['updatekeys', '-y', 'e.yaml']],
        [ours, ['groups', 'add', '-i', '-f', 'e.yaml', '--kms', MULTI]],
        [(args, options) => run(realSops ?? '', args, options), ['groups', 'delete', '-i', '-f', 'e.yaml', '0']],
        [ours, ['updatekeys', '-y', 'e.yaml']],
      ]
      for (const [program, args] of steps) {
        const result = await program(args, { cwd, env })
        expect([args.join(' '), result.status]).toEqual([args.join(' '), 0])
      }
      const read = await Promise.all([ours(['decrypt', 'e.yaml'], { cwd, env }), run(realSops ?? '', ['decrypt', 'e.yaml'], { cwd, env })])
      expect(read.map(({ stdout }) => stdout.toString())).toEqual(['a: one\n', 'a: one\n'])
    })
  })

  describe('requests', () => {
    let counting: Relay
    let counted: Readonly<Record<string, string>>
    beforeEach(async () => {
      counting = await relay(moto.url, actionOf, 30)
      counted = { ...env, AWS_ENDPOINT_URL: counting.url }
    })
    afterEach(() => counting.close())

    /** Letters of the requests that a command makes: E, D and A in order of the alphabet. */
    async function cost(cwd: string, args: readonly string[]): Promise<string> {
      counting.calls.length = 0
      const { stderr, status } = await ours(args, { cwd, env: counted })
      expect([args[0], stderr.replaceAll(/^20.*\n/gm, ''), status]).toEqual([args[0], '', 0])
      return counting.calls.map((call) => call.charAt(0)).sort().join('')
    }

    it.each([
      ['one key', [[ONE]], 0, { encrypt: 'E', decrypt: 'D', rotate: 'DE', exchange: 'DE' }],
      ['three keys of a group', [[ONE, TWO, THREE]], 0, { encrypt: 'EEE', decrypt: 'D', rotate: 'DEEE', exchange: 'DEEE' }],
      ['two groups of two', [[ONE, TWO], [THREE, MULTI]], 2, { encrypt: 'EEEE', decrypt: 'DD', rotate: 'DDEEEE', exchange: 'DDEEEE' }],
    ])('are no more than the real sops makes: %s', async (_, groups, threshold, expected) => {
      const cwd = testFolder()
      const rules = (lists: readonly (readonly string[])[]): string =>
        JSON.stringify({ creation_rules: [{ key_groups: lists.map((list) => ({ kms: list.map((arn) => ({ arn })) })), shamir_threshold: threshold }] })
      writeFileSync(join(cwd, '.sops.yaml'), rules(groups))
      writeFileSync(join(cwd, 'f.yaml'), 'a: one\n')
      expect(await cost(cwd, ['encrypt', '-i', 'f.yaml'])).toBe(expected.encrypt)
      expect(counting.most()).toBe(expected.encrypt.length) // all at once
      expect(await cost(cwd, ['decrypt', 'f.yaml'])).toBe(expected.decrypt)
      expect(await cost(cwd, ['set', 'f.yaml', '["b"]', '1'])).toBe(expected.decrypt)
      expect(await cost(cwd, ['filestatus', 'f.yaml'])).toBe('')
      expect(await cost(cwd, ['updatekeys', '-y', 'f.yaml'])).toBe('')
      expect(await cost(cwd, ['rotate', '-i', 'f.yaml'])).toBe(expected.rotate)
      writeFileSync(join(cwd, '.sops.yaml'), rules([[ALIAS, ...(groups[0] ?? []).slice(1)], ...groups.slice(1)]))
      expect(await cost(cwd, ['updatekeys', '-y', 'f.yaml'])).toBe(expected.exchange)
    })

    it('assume a role once, and ask once for a wrapped key that several files share', async () => {
      const cwd = testFolder()
      for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) writeFileSync(join(cwd, name), cloudText('sops/aws-role.yaml'))
      writeFileSync(join(cwd, 'p.yaml'), 'a: one\n')
      const { status, stderr } = await run(built('waxseal'), ['decrypt', '-i', '--allow', ROLE, 'a.yaml', 'b.yaml', 'c.yaml'], { cwd, env: counted })
      expect([stderr, status]).toEqual(['', 0])
      expect(counting.calls).toEqual(['AssumeRole', 'Decrypt'])
      expect(readFileSync(join(cwd, 'c.yaml'))).toEqual(readFileSync(join(cwd, 'a.yaml')))
      expect(await cost(cwd, ['encrypt', '--kms', `${ONE}+${ROLE},${TWO}+${ROLE}`, 'p.yaml'])).toBe('AEE')
    })

    it('stop at the first key of a group that answers', async () => {
      const cwd = testFolder()
      writeFileSync(join(cwd, 'f.json'), '{"a": "one"}')
      await cost(cwd, ['encrypt', '-i', '--kms', `${ONE},${TWO}`, 'f.json'])
      const text = readFileSync(join(cwd, 'f.json'), 'utf8')
      writeFileSync(join(cwd, 'f.json'), text.replace(ONE, UNKNOWN))
      expect(await cost(cwd, ['decrypt', 'f.json'])).toBe('DD')
    })
  })

  it('a key that cannot be used is named, and nothing is written', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'f.yaml'), 'a: one\n')
    const encrypted = await ours(['encrypt', '-i', '--kms', `${ONE},${UNKNOWN},${TWO}`, 'f.yaml'], { cwd, env })
    expect(encrypted.status).toBe(1)
    expect(encrypted.stderr).toContain(`failed to encrypt new data key with master key "${UNKNOWN}": failed to encrypt sops data key with AWS KMS: NotFoundException`)
    expect(encrypted.stderr).not.toContain(ONE)
    expect(readFileSync(join(cwd, 'f.yaml'), 'utf8')).toBe('a: one\n')
  })

  it('recipients come and go, and a key that cannot be used changes nothing', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - kms: ${ONE}\n`)
    writeFileSync(join(cwd, 'f.yaml'), 'a: one # why\n')
    const waxseal = async (...args: readonly string[]): Promise<readonly [number | null, string]> => {
      const { status, stdout } = await run(built('waxseal'), args, { cwd, env })
      return [status, stdout.toString()]
    }
    expect(await waxseal('encrypt', '-i', 'f.yaml')).toEqual([0, ''])
    expect(await waxseal('recipients', 'add', '--yes', TWO, 'f.yaml')).toEqual([0, ''])
    const before = readFileSync(join(cwd, 'f.yaml'))
    expect(await waxseal('recipients', 'add', '--yes', UNKNOWN, 'f.yaml')).toEqual([1, ''])
    expect(readFileSync(join(cwd, 'f.yaml'))).toEqual(before)
    expect(await waxseal('recipients', 'remove', '--yes', ONE, 'f.yaml')).toEqual([0, ''])
    expect(await waxseal('recipients', 'list', 'f.yaml')).toEqual([0, `kms       ${TWO}\n`])
    expect(await waxseal('decrypt', 'f.yaml')).toEqual([0, 'a: one # why\n'])
  })

  it('a role that a file names is assumed only where the user names it, too', async () => {
    const cwd = testFolder()
    const asking = await relay(moto.url, actionOf, 0)
    onTestFinished(() => asking.close())
    writeFileSync(join(cwd, 'e.yaml'), cloudText('sops/aws-role.yaml'))
    writeFileSync(join(cwd, 'config'), `[profile deploy]\nrole_arn = ${ROLE}\nsource_profile = default\n`)
    const decrypt = async (extra: Readonly<Record<string, string>>, flags: readonly string[] = []): Promise<Finished> =>
      await run(built('waxseal'), ['decrypt', ...flags, 'e.yaml'], { cwd, env: { ...env, AWS_ENDPOINT_URL: asking.url, AWS_CONFIG_FILE: 'absent', ...extra } })
    const refused = await decrypt({ AWS_ROLE_ARN: `${ROLE}-other` })
    expect([refused.stdout.toString(), refused.status, asking.calls]).toEqual(['', 128, []])
    expect(refused.stderr).toContain(`AWS role "${ROLE}" is not among the roles that keys of files may name`)
    expect(refused.stderr).toContain(`--allow ${ROLE}`)
    const allowed = [await decrypt({ AWS_ROLE_ARN: ROLE }), await decrypt({ AWS_CONFIG_FILE: 'config' }), await decrypt({ WAXSEAL_ALLOW: ROLE }), await decrypt({}, ['--allow', ROLE])]
    expect(allowed.map(({ stderr, status }) => [stderr, status])).toEqual(allowed.map(() => ['', 0]))
    expect((await ours(['decrypt', 'e.yaml'], { cwd, env })).status).toBe(0)
  })

  it('profiles, their roles and web identities give credentials, and their endpoint holds', async () => {
    const cwd = testFolder()
    const [config, keys, token] = ['config', 'credentials', 'token'].map((name) => join(cwd, name)) as [string, string, string]
    writeFileSync(config, `[profile base]\nendpoint_url = ${moto.url}\n[profile team]\nrole_arn = ${ROLE}\nsource_profile = base\nregion = eu-west-1\nendpoint_url = ${moto.url}\n`)
    writeFileSync(keys, '[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n')
    writeFileSync(token, 'header.payload.signature')
    writeFileSync(join(cwd, 'p.yaml'), 'a: one\n')
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: keys, AWS_EC2_METADATA_DISABLED: 'true' }
    const ways: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
      [['--aws-profile', 'team'], files],
      [[], { ...files, AWS_PROFILE: 'base' }],
      [[], { AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: ROLE, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: moto.url }],
    ]
    for (const [flags, wayEnv] of ways) {
      const encrypted = await ours(['encrypt', '--kms', ONE, ...flags, 'p.yaml'], { cwd, env: wayEnv })
      expect([encrypted.stderr, encrypted.status]).toEqual(['', 0])
      writeFileSync(join(cwd, 'e.yaml'), encrypted.stdout)
      expect((await ours(['decrypt', 'e.yaml'], { cwd, env: wayEnv })).stdout.toString()).toBe('a: one\n')
    }
  })
})

const ministack = rigProgram('ministack', 'ministack')

describe.skipIf(!ministack)(`AWS KMS on MiniStack${ministack ? '' : ' (left out: rig ministack)'}`, () => {
  let service: Service
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    service = await launch({
      name: 'ministack',
      program: ministack ?? '',
      args: () => [],
      env: (port) => ({ BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), SERVICES: 'kms,sts', LOG_LEVEL: 'WARNING', IOT_MTLS_ENABLED: '0' }),
      readyPath: '/_ministack/health',
    })
    env = { ...CREDENTIALS, AWS_ENDPOINT_URL: service.url }
  })
  afterAll(() => service?.stop())

  /** A request without signature: the service checks none. */
  async function kms(action: string, body: object, region = 'eu-west-1'): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    const headers = { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1', authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20260101/${region}/kms/aws4_request, SignedHeaders=host, Signature=0` }
    const response = await fetch(service.url, { method: 'POST', headers, body: JSON.stringify(body) })
    expect([action, response.status]).toEqual([action, 200])
    return (await response.json()) as Readonly<Record<string, Readonly<Record<string, string>>>>
  }

  it('keys that are disabled or to be deleted say so, and the other key of the group opens the file', async () => {
    const cwd = testFolder()
    const made = await Promise.all([kms('CreateKey', {}), kms('CreateKey', {}), kms('CreateKey', {})])
    const [disabled, deleted, good] = made.map(({ KeyMetadata }) => KeyMetadata?.['Arn'] ?? '') as [string, string, string]
    writeFileSync(join(cwd, 'f.yaml'), 'a: one\n')
    expect((await ours(['encrypt', '-i', '--kms', `${disabled},${deleted},${good}`, 'f.yaml'], { cwd, env })).stderr).toBe('')
    await kms('DisableKey', { KeyId: disabled })
    await kms('ScheduleKeyDeletion', { KeyId: deleted, PendingWindowInDays: 7 })
    expect((await ours(['decrypt', 'f.yaml'], { cwd, env })).stdout.toString()).toBe('a: one\n')
    await kms('DisableKey', { KeyId: good })
    const none = await ours(['decrypt', 'f.yaml'], { cwd, env })
    expect(none.status).toBe(128)
    expect(none.stderr.match(/DisabledException/g)).toHaveLength(2)
    expect(none.stderr).toContain('KMSInvalidStateException')
  })

  it('a replica in another region opens what its primary wrapped', async () => {
    const cwd = testFolder()
    const { KeyMetadata } = await kms('CreateKey', { MultiRegion: true })
    const primary = KeyMetadata?.['Arn'] ?? ''
    await kms('ReplicateKey', { KeyId: primary, ReplicaRegion: 'us-east-1' })
    writeFileSync(join(cwd, 'f.yaml'), 'a: one\n')
    expect((await ours(['encrypt', '-i', '--kms', primary, 'f.yaml'], { cwd, env })).stderr).toBe('')
    writeFileSync(join(cwd, 'f.yaml'), readFileSync(join(cwd, 'f.yaml'), 'utf8').replace('eu-west-1', 'us-east-1'))
    expect((await ours(['decrypt', 'f.yaml'], { cwd, env })).stdout.toString()).toBe('a: one\n')
  })
})

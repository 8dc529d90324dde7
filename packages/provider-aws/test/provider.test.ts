import { describe, expect, it } from 'vitest'
import { CodedError, plainMap, restrictHosts, trustHosts } from '@waxseal/core'
import { createAwsProvider, type AwsSources, type KmsClient, type KmsConnection } from '@waxseal/provider-aws'

const ID = '28bca7a4-f58e-4cb6-b31c-4f34a88ba195'
const KEY = `arn:aws:kms:eu-west-1:123456789012:key/${ID}`
const ROLE = 'arn:aws:iam::123456789012:role/sops'
const CONFIGURED_ROLE = 'arn:aws-us-gov:iam::123456789012:role/teams/wax+seal=1,2.@-_'
const PART = Buffer.alloc(32, 7)
const options = { signal: new AbortController().signal }
const now = new Date('2026-01-02T03:04:05Z')
const sources: AwsSources = {
  sessionName: 'sops@test',
  agents: () => {
    throw new TypeError('no network here')
  },
}

type Script = Partial<Record<'signIn' | 'encrypt' | 'decrypt', readonly unknown[]>>

/** A KMS that XORs; of each kind of call the first ones fail with what the script lists. */
function kms(script: Script = {}, endpoint?: string, policy = restrictHosts(() => [])) {
  const connections: KmsConnection[] = []
  const calls: string[] = []
  const xor = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x55)
  const step = (name: keyof Script): void => {
    const failure = script[name]?.[calls.filter((call) => call === name).length]
    calls.push(name)
    if (failure !== undefined) throw failure as Error
  }
  const connect = (connection: KmsConnection): KmsClient => {
    connections.push(connection)
    return {
      signIn: async () => step('signIn'),
      credentialSource: async () => 'a test',
      encrypt: async ({ plaintext }) => (step('encrypt'), xor(plaintext)),
      decrypt: async ({ ciphertext }) => (step('decrypt'), xor(ciphertext)),
    }
  }
  const provider = createAwsProvider({ policy, sources: { ...sources, endpoint: () => endpoint, roles: () => [CONFIGURED_ROLE] }, connect, limits: { pauseMs: 1 } })
  return { provider, connections, calls }
}

const failed = (name: string, status: number, message = '') => Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })

async function failureOf(work: Promise<unknown>): Promise<CodedError> {
  try {
    await work
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new TypeError('nothing failed')
}

describe('wrapping with AWS KMS', () => {
  it('comes back, in the region of the ARN', async () => {
    const { provider, connections } = kms()
    const wrapped = await provider.wrap(PART, provider.fromText(KEY, { now }), options)
    expect(wrapped.enc).toBe(Buffer.alloc(32, 7 ^ 0x55).toString('base64'))
    expect(Buffer.from((await provider.unwrap(wrapped, options))!)).toEqual(PART)
    expect(connections).toEqual([{ region: 'eu-west-1', role: '', profile: '' }])
  })

  it('keeps one client for each region, profile and role', async () => {
    const { provider, connections } = kms()
    const context = { now }
    const refs = [KEY, KEY, `${KEY}+${ROLE}`, `${KEY}+${ROLE}`, KEY.replace('eu-west-1', 'us-gov-east-1')].map((text) => provider.fromText(text, context))
    for (const ref of [...refs, provider.fromText(KEY, { now, awsProfile: 'p' })]) await provider.wrap(PART, ref, options)
    expect(connections.map(({ region, role, profile }) => [region, role, profile])).toEqual([
      ['eu-west-1', '', ''],
      ['eu-west-1', ROLE, ''],
      ['us-gov-east-1', '', ''],
      ['eu-west-1', '', 'p'],
    ])
  })
})

it('clients of many regions are forgotten, the oldest first', async () => {
  const { provider, connections } = kms()
  const use = async (region: string): Promise<unknown> => await provider.wrap(PART, provider.fromText(KEY.replace('eu-west-1', region), { now }), options)
  const regions = Array.from({ length: 65 }, (_, i) => `eu-west-${i}`)
  for (const region of [...regions, 'eu-west-64', 'eu-west-1', 'eu-west-0']) await use(region)
  expect(connections.map(({ region }) => region)).toEqual([...regions, 'eu-west-0'])
})

describe('a hostile ARN', () => {
  const evil = ['eu-west-1.evil.example', 'evil.example/', 'evil.example#', 'x@evil.example', 'evil', 'EU-WEST-1', '-eu-west-1', 'eu-west-1-', 'eu_west_1', ' eu-west-1', 'eu-west-1\n', '127.0.0.1', 'ü-west-1', `${'a'.repeat(64)}-west-1`]

  it.each(evil)('with the region %j asks nobody', async (region) => {
    const { provider, connections } = kms()
    const ref = provider.parse(plainMap([['arn', KEY.replace('eu-west-1', region)], ['enc', 'AAAA']]))
    expect((await failureOf(provider.unwrap(ref, options))).code).toBe('HOST_REFUSED')
    expect(connections).toEqual([])
  })

  it.each(['', 'arn:aws:s3:::bucket', 'arn:aws:kms:eu-west-1:123456789012:secret/x', `arn:aws:kms:a:b:${ID}`, 'arn:evil:kms:eu-west-1:123456789012:key/x'])('%j is none', async (arn) => {
    const { provider, connections } = kms()
    const { code, message } = await failureOf(provider.wrap(PART, provider.fromText(arn, { now }), options))
    expect(code).toBe('RECIPIENT_INVALID')
    expect(message).toBe(`no valid ARN found in '${arn}'`)
    expect(connections).toEqual([])
  })

  it('is held to the form of AWS\'s regions, unless the user set an endpoint', async () => {
    const ref = kms().provider.fromText(KEY.replace('eu-west-1', 'local'), { now })
    const { code, hint } = await failureOf(kms().provider.wrap(PART, ref, options))
    expect(code).toBe('HOST_REFUSED')
    expect(hint).toContain('AWS_ENDPOINT_URL_KMS')
    const configured = kms({}, 'http://127.0.0.1:4566')
    await configured.provider.wrap(PART, ref, options)
    expect(configured.calls).toEqual(['signIn', 'encrypt'])
  })

  it('gets no other host past an endpoint that is set', async () => {
    const { provider, connections } = kms({}, 'http://127.0.0.1:4566')
    const ref = provider.fromText(KEY.replace('eu-west-1', 'evil.example'), { now })
    expect((await failureOf(provider.wrap(PART, ref, options))).code).toBe('HOST_REFUSED')
    expect(connections).toEqual([])
  })
})

describe('a role', () => {
  const refOf = (provider: ReturnType<typeof kms>['provider'], role: string, enc = 'AAAA') => provider.parse(plainMap([['arn', KEY], ['role', role], ['enc', enc]]))

  it('of a file that nobody allowed is not assumed, and nobody is asked', async () => {
    const { provider, connections } = kms()
    for (const use of [provider.unwrap(refOf(provider, ROLE), options), provider.wrap(PART, refOf(provider, ROLE), options)]) {
      const { code, message, hint } = await failureOf(use)
      expect(code).toBe('ROLE_REFUSED')
      expect(message).toBe(`AWS role "${ROLE}" is not among the roles that keys of files may name`)
      expect(hint).toBe(`if you trust it, name it in AWS_ROLE_ARN or a profile, or allow it with --allow ${ROLE} or WAXSEAL_ALLOW`)
    }
    expect(connections).toEqual([])
  })

  it.each([`${ROLE} `, `${ROLE};id`, `${ROLE}\n`, ROLE.toUpperCase(), 'sops', '*', 'arn:aws:iam::1:role/x', 'arn:aws:iam::123456789012:user/x', `arn:aws:iam::123456789012:role/${'x'.repeat(600)}`])('%j is none, and stands in no command to be copied', async (role) => {
    const { provider, connections } = kms()
    const { code, hint } = await failureOf(provider.unwrap(refOf(provider, role), options))
    expect([code, hint]).toEqual(['ROLE_REFUSED', 'it is not the name of a role: correct the key in the file'])
    expect(connections).toEqual([])
  })

  it('of a file is assumed where the configuration names it, the user allows it, or files decide', async () => {
    const asked = async (role: string, policy?: Parameters<typeof kms>[2]): Promise<readonly string[]> => {
      const { provider, connections } = kms({}, undefined, policy)
      await provider.unwrap(refOf(provider, role), options)
      return connections.map((connection) => connection.role)
    }
    expect(await asked(CONFIGURED_ROLE)).toEqual([CONFIGURED_ROLE])
    expect(await asked(ROLE, restrictHosts(() => ['vault.example', ROLE]))).toEqual([ROLE])
    expect(await asked(ROLE, trustHosts(() => {}))).toEqual([ROLE])
  })

  it('of a rule or of the user is assumed', async () => {
    const { provider, connections } = kms()
    for (const ref of [provider.fromText(`${KEY}+${ROLE}`, { now }), ...provider.fromGroup(plainMap([['arn', KEY], ['role', ROLE]]), { now })]) await provider.wrap(PART, ref, options)
    expect(connections.map(({ role }) => role)).toEqual([ROLE])
  })

  it('is not asked about where there is none, whatever profile is named', async () => {
    const { provider, connections } = kms()
    await provider.unwrap(provider.parse(plainMap([['arn', KEY], ['enc', 'AAAA'], ['aws_profile', 'team']])), options)
    expect(connections).toEqual([{ region: 'eu-west-1', role: '', profile: 'team' }])
  })
})

describe('what AWS answers', () => {
  it.each([
    ['AccessDeniedException', 400, 'KEY_ACCESS_DENIED'],
    ['ExpiredTokenException', 400, 'KEY_ACCESS_DENIED'],
    ['UnrecognizedClientException', 400, 'KEY_ACCESS_DENIED'],
    ['InvalidCiphertextException', 400, 'KEY_REJECTED'],
    ['IncorrectKeyException', 400, 'KEY_REJECTED'],
    ['NotFoundException', 400, 'KEY_UNUSABLE'],
    ['DisabledException', 400, 'KEY_UNUSABLE'],
    ['KMSInvalidStateException', 400, 'KEY_UNUSABLE'],
    ['SomethingNew', 403, 'KEY_ACCESS_DENIED'],
    ['SomethingNew', 404, 'KEY_UNUSABLE'],
    ['SomethingNew', 400, 'KEY_SERVICE_FAILED'],
  ])('%s (%i) is %s, after one call', async (name, status, code) => {
    const { provider, calls } = kms({ decrypt: [failed(name, status)] })
    const error = await failureOf(provider.unwrap(provider.parse(plainMap([['arn', KEY], ['enc', 'AAAA']])), options))
    expect(error.code).toBe(code)
    expect(error.message).toContain(`failed to decrypt sops data key with AWS KMS: ${name} (status ${status})`)
    expect(calls).toEqual(['signIn', 'decrypt'])
  })

  it.each([
    ['ThrottlingException', 400],
    ['TooManyRequests', 429],
    ['KMSInternalException', 500],
    ['ServiceUnavailable', 503],
  ])('%s (%i) is asked again, three times in all', async (name, status) => {
    const { provider, calls } = kms({ encrypt: [failed(name, status), failed(name, status)] })
    await provider.wrap(PART, provider.fromText(KEY, { now }), options)
    expect(calls).toEqual(['signIn', 'encrypt', 'encrypt', 'encrypt'])
    const down = kms({ encrypt: Array(9).fill(failed(name, status)) })
    expect((await failureOf(down.provider.wrap(PART, provider.fromText(KEY, { now }), options))).code).toBe('KEY_SERVICE_FAILED')
    expect(down.calls).toHaveLength(4)
  })

  it('names the role that cannot be assumed, and who may not', async () => {
    const message = 'User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:AssumeRole on resource: x'
    const { provider } = kms({ signIn: [failed('AccessDenied', 403, message)] })
    const error = await failureOf(provider.wrap(PART, provider.fromText(`${KEY}+${ROLE}`, { now }), options))
    expect(error.message).toBe(`failed to assume role '${ROLE}': AccessDenied (status 403): access denied: arn:aws:iam::123456789012:user/alice may not do sts:AssumeRole`)
  })

  it('never shows what a service quotes', async () => {
    const quoting = [
      failed('AccessDeniedException', 400, 'Authorization: AWS4-HMAC-SHA256 Credential=AKIASECRET, Signature=hunter2'),
      failed('SignatureDoesNotMatch', 403, 'x-amz-security-token:hunter2'),
      failed('hunter2: an own name', 400, 'hunter2'),
      Object.assign(new Error('connect to hunter2 failed'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('hunter2'), { name: 'CredentialsProviderError' }),
      new SyntaxError('unexpected token h in hunter2'),
    ]
    for (const failure of quoting) {
      const { provider } = kms({ encrypt: [failure] })
      const { message, hint = '', code } = await failureOf(provider.wrap(PART, provider.fromText(KEY, { now }), options))
      expect(`${code} ${message} ${hint}`).not.toMatch(/hunter2|AKIASECRET/)
    }
  })

  it('tells a file of credentials that cannot be read from a service', async () => {
    const { provider } = kms({ signIn: [Object.assign(new Error('hunter2'), { code: 'ENOENT', syscall: 'open' })] })
    const { code, message } = await failureOf(provider.wrap(PART, provider.fromText(KEY, { now }), options))
    expect([code, message]).toEqual(['CREDENTIALS_MISSING', 'failed to encrypt sops data key with AWS KMS: a file with AWS credentials cannot be read: ENOENT'])
  })

  it.each([
    ['The SSO session associated with this profile has expired.', 'aws sso login'],
    ['Profile p requires multi-factor authentication, but no MFA code callback was provided.', 'aws sts get-session-token'],
    ['Could not load credentials from any providers', 'AWS_PROFILE'],
  ])('says where to get credentials: %s', async (message, hint) => {
    const { provider } = kms({ signIn: [Object.assign(new Error(message), { name: 'CredentialsProviderError' })] })
    const error = await failureOf(provider.wrap(PART, provider.fromText(KEY, { now }), options))
    expect(error.code).toBe('CREDENTIALS_MISSING')
    expect(error.hint).toContain(hint)
  })
})

describe('a damaged entry', () => {
  it.each(['not base64!', 'AAA', 'AA=A'])('with %j for the wrapped key asks nobody', async (enc) => {
    const { provider, connections } = kms()
    expect((await failureOf(provider.unwrap(provider.parse(plainMap([['arn', KEY], ['enc', enc]])), options))).code).toBe('METADATA_INVALID')
    expect(connections).toEqual([])
  })
})

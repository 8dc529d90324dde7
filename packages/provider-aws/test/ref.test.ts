import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError, plainMap, restrictHosts, type Plain, type PlainMap } from '@waxseal/core'
import { createAwsProvider } from '@waxseal/provider-aws'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195'
const ROLE = 'arn:aws:iam::123456789012:role/sops'
const now = new Date('2026-01-02T03:04:05.678Z')

const aws = createAwsProvider({
  policy: restrictHosts(() => []),
  sources: {
    sessionName: 'sops@test',
    agents: () => {
      throw new TypeError('no network here')
    },
  },
})

const map = (entries: Readonly<Record<string, Plain>>): PlainMap => plainMap(Object.entries(entries))
const plain = (entry: PlainMap): unknown => JSON.parse(JSON.stringify(entry))

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('a KMS key as text', () => {
  it('is an ARN, perhaps with a role behind it, in spite of spaces', () => {
    expect(aws.fromText(` ${KEY} `, { now })).toMatchObject({ arn: KEY, role: '', profile: '', enc: '', createdAt: '2026-01-02T03:04:05Z' })
    expect(aws.fromText(`${KEY} + ${ROLE}`, { now })).toMatchObject({ arn: KEY, role: ROLE })
    expect(aws.fromText(`${KEY}+x`, { now })).toMatchObject({ arn: `${KEY}+x`, role: '' })
  })

  it('takes profile and context from the command line', () => {
    const ref = aws.fromText(KEY, { now, awsProfile: 'prod', encryptionContext: { b: '2', a: '1' } })
    expect(aws.displayName(ref)).toBe(`${KEY}|a:1,b:2|prod`)
  })
})

describe('a KMS key of a key group', () => {
  it('is a mapping', () => {
    const [ref] = aws.fromGroup(map({ arn: KEY, role: ROLE, context: map({ App: 'wax', n: 1n, gone: null }), aws_profile: 'prod' }), { now })
    expect(ref && aws.displayName(ref)).toBe(`${KEY}+${ROLE}|App:wax,n:1|prod`)
  })

  it.each([['a text', KEY], ['a list', [KEY]], ['a mapping with a list for ARN', map({ arn: [KEY] })], ['a context that is a text', map({ arn: KEY, context: 'a:b' })]])('is not %s', (_, element) => {
    expect(codeOf(() => aws.fromGroup(element, { now }))).toBe('CONFIG_INVALID')
  })
})

describe('the metadata entry of a KMS key', () => {
  it('comes back as it was, with fields that nobody here knows', () => {
    const entry = { arn: KEY, aws_profile: '', context: { App: 'wax' }, created_at: '2024-01-01T00:00:00Z', enc: 'AAAA', future: ['x'], role: ROLE }
    expect(plain(aws.serialize(aws.parse(map({ ...entry, context: map(entry.context) }))))).toEqual(entry)
  })

  it('has no role and no context when there are none', () => {
    const ref = aws.parse(map({ arn: KEY, context: map({}), created_at: '2024-01-01T00:00:00Z', enc: 'AAAA', role: '' }))
    expect(plain(aws.serialize(ref))).toEqual({ arn: KEY, aws_profile: '', created_at: '2024-01-01T00:00:00Z', enc: 'AAAA' })
  })

  it('takes a context whose value is null for one without it', () => {
    expect(aws.displayName(aws.parse(map({ arn: KEY, context: map({ a: null, b: true }) })))).toBe(`${KEY}|b:1`)
  })

  it('is refused when a field is not a text', () => {
    expect(codeOf(() => aws.parse(map({ arn: map({}) })))).toBe('METADATA_INVALID')
    expect(codeOf(() => aws.parse(map({ arn: KEY, context: map({ a: [] }) })))).toBe('METADATA_INVALID')
  })
})

describe('the name of a KMS key', () => {
  // As the reference prints it in updatekeys and takes it for --rm-kms.
  it.each([
    [KEY, {}],
    [`${KEY}+${ROLE}`, { role: ROLE }],
    [`${KEY}|a:1`, { context: map({ a: '1' }) }],
    [`${KEY}||p`, { aws_profile: 'p' }],
    [`${KEY}+${ROLE}|a:1|p`, { role: ROLE, context: map({ a: '1' }), aws_profile: 'p' }],
  ])('%s', (name, fields) => {
    expect(aws.displayName(aws.parse(map({ arn: KEY, ...fields })))).toBe(name)
  })
})

describe('any entry', () => {
  const scalar = fc.oneof(fc.string(), fc.bigInt(), fc.double(), fc.boolean(), fc.constant(null))
  const context = fc.oneof(scalar, fc.dictionary(fc.string(), fc.oneof(scalar, fc.constant([])), { noNullPrototype: false }))
  const entry = fc.record({ arn: scalar, role: scalar, context, aws_profile: scalar, enc: scalar, created_at: scalar, other: scalar }, { requiredKeys: [] })

  it('is refused, or written as it was read', () => {
    fc.assert(
      fc.property(entry, (fields) => {
        let ref
        try {
          ref = aws.parse(map(fields))
        } catch (error) {
          expect(error).toMatchObject({ code: 'METADATA_INVALID' })
          return
        }
        const written = aws.serialize(ref)
        const again = aws.parse(written)
        expect(aws.serialize(again)).toEqual(written)
        expect(aws.displayName(again)).toBe(aws.displayName(ref))
      }),
    )
  })

  it('has a name that --kms takes back, unless it has a context or a profile', () => {
    const part = fc.stringMatching(/^[\w:/=,.@-]{1,30}$/)
    fc.assert(
      fc.property(part, fc.option(part, { nil: '' }), (key, role) => {
        const ref = aws.parse(map({ arn: `arn:aws:kms:${key}`, role: role && `arn:aws:iam::${role}` }))
        const name = aws.displayName(ref)
        expect(aws.displayName(aws.fromText(name, { now }))).toBe(name)
      }),
    )
  })
})

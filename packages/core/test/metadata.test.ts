import { describe, expect, it } from 'vitest'
import { parseMetadata, serializeMetadata, withMac } from '../src/metadata.ts'
import type { Plain, PlainMap } from '../src/tree.ts'
import { checkVersion, isNewerVersion } from '../src/version.ts'
import { codeOf, fakeProvider, providers } from './support.ts'

const age = fakeProvider('age')
const known = providers(age)
const DATE = '2024-01-01T00:00:00Z'
const block = (fields: PlainMap = {}): PlainMap => ({
  age: [{ recipient: 'alice', enc: 'e1' }],
  lastmodified: DATE,
  mac: 'ENC[m]',
  version: '3.13.2',
  ...fields,
})

describe('reading metadata', () => {
  it('takes one group from the lists, in the reference\'s order of kinds', () => {
    const kms = { arn: 'arn:x', created_at: DATE, enc: 'e2' }
    const pgp = { fp: 'ABC', created_at: DATE, enc: 'e3' }
    const { groups } = parseMetadata(block({ pgp: [pgp], kms: [kms], key_groups: [{}] }), known)
    expect(groups).toStrictEqual([[{ type: 'kms', unread: kms }, { type: 'pgp', unread: pgp }, { type: 'age', name: 'alice', enc: 'e1', extra: {} }]])
  })

  it('takes key_groups where no list has a key', () => {
    const groups = [{ age: [{ recipient: 'a', enc: '1' }], hc_vault: [] }, { age: [{ recipient: 'b', enc: '2' }] }]
    const metadata = parseMetadata(block({ age: [], key_groups: groups, shamir_threshold: 2n }), known)
    expect(metadata.groups.map((group) => group.map((ref) => age.displayName(ref as never)))).toStrictEqual([['a'], ['b']])
    expect(metadata.threshold).toBe(2)
  })

  it('takes strings for numbers and booleans, as flattened formats have them', () => {
    const metadata = parseMetadata(block({ shamir_threshold: '2', mac_only_encrypted: 'true', version: 3.9 }), known)
    expect(metadata).toMatchObject({ threshold: 2, macOnlyEncrypted: true, version: '3.9' })
  })

  it('takes names as they are written, where the reference takes any case', () => {
    const { mac, ...fields } = block()
    expect(parseMetadata({ ...fields, MAC: mac! }, known).mac).toBe('')
  })

  it('takes the old name of the threshold', () => {
    expect(parseMetadata(block({ shamir_quorum: 3n }), known).threshold).toBe(3)
  })

  it('takes the default selection where none is set, and one that is', () => {
    expect(parseMetadata(block(), known).selection).toStrictEqual({ setting: 'unencrypted_suffix', pattern: '_unencrypted' })
    expect(parseMetadata(block({ encrypted_regex: '^a' }), known).selection).toStrictEqual({ setting: 'encrypted_regex', pattern: '^a' })
  })

  it('reads lastmodified to the second with its offset', () => {
    expect(parseMetadata(block({ lastmodified: '2024-01-01T00:00:00.5+02:00' }), known).lastModified).toBe('2024-01-01T00:00:00+02:00')
  })

  it.each<[string, string, Plain | undefined]>([
    ['nothing', 'NOT_ENCRYPTED', undefined],
    ['a text', 'METADATA_INVALID', 'text'],
    ['a list', 'METADATA_INVALID', []],
    ['null', 'METADATA_INVALID', null],
    ['no lastmodified', 'METADATA_INVALID', block({ lastmodified: '' })],
    ['a lastmodified without time', 'METADATA_INVALID', block({ lastmodified: '2024-01-01' })],
    ['a lastmodified that is a list', 'METADATA_INVALID', block({ lastmodified: [] })],
    ['no keys', 'METADATA_INVALID', block({ age: [] })],
    ['a key that is a text', 'METADATA_INVALID', block({ age: ['alice'] })],
    ['a key without created_at', 'METADATA_INVALID', block({ pgp: [{ fp: 'ABC', enc: '' }] })],
    ['a group that is a text', 'METADATA_INVALID', block({ age: [], key_groups: ['a'] })],
    ['a threshold in words', 'METADATA_INVALID', block({ shamir_threshold: 'two' })],
    ['an infinite threshold', 'METADATA_INVALID', block({ shamir_threshold: Infinity })],
    ['a flag in words', 'METADATA_INVALID', block({ mac_only_encrypted: 'yes' })],
    ['a MAC that is a map', 'METADATA_INVALID', block({ mac: { a: 1n } })],
    ['two selections', 'SELECTOR_CONFLICT', block({ encrypted_regex: 'a', encrypted_suffix: 'b' })],
  ])('refuses %s: %s', (_, code, found) => {
    expect(codeOf(() => parseMetadata(found, known))).toBe(code)
  })
})

describe('writing metadata', () => {
  it('gives every field back, sorted, those that nobody knows included', () => {
    const found = block({
      waxseal: { layout: 'ENC[l]' },
      azure_kv: [{ vault_url: 'u', created_at: DATE, enc: 'x', name: 'n', zeta: { b: 1n, a: 2n } }],
      age: [{ recipient: 'alice', enc: 'e1', note: 'mine' }],
      encrypted_regex: '^a',
      mac_only_encrypted: true,
      shamir_threshold: 1n,
    })
    const written = serializeMetadata(parseMetadata(found, known), known)
    expect(written).toEqual(found)
    expect(Object.keys(written)).toStrictEqual(Object.keys(found).sort())
    expect(Object.keys((written['azure_kv'] as PlainMap[])[0]!)).toStrictEqual(['created_at', 'enc', 'name', 'vault_url', 'zeta'])
  })

  it('writes empty age and hc_vault lists into groups, and unknown fields of a group', () => {
    const found = block({ age: [], key_groups: [{ age: [{ recipient: 'a', enc: '1' }], owner: 'ops' }, { pgp: [{ fp: 'F', created_at: DATE, enc: '2' }] }] })
    expect(serializeMetadata(parseMetadata(found, known), known)['key_groups']).toEqual([
      { age: [{ recipient: 'a', enc: '1' }], hc_vault: [], owner: 'ops' },
      { age: [], hc_vault: [], pgp: [{ fp: 'F', created_at: DATE, enc: '2' }] },
    ])
  })

  it('leaves out what is empty: other lists, threshold 0, settings', () => {
    const written = serializeMetadata(parseMetadata(block({ kms: [], shamir_threshold: 0n, unencrypted_suffix: '' }), known), known)
    expect(Object.keys(written)).toStrictEqual(['age', 'lastmodified', 'mac', 'unencrypted_suffix', 'version'])
  })

  it('sorts byte-wise', () => {
    const written = serializeMetadata(parseMetadata(block({ '\u{1F600}': 1n, '\uffee': 2n, Z: 3n }), known), known)
    expect(Object.keys(written)).toStrictEqual(['Z', 'age', 'lastmodified', 'mac', 'unencrypted_suffix', 'version', '\uffee', '\u{1F600}'])
  })

  it('refuses to write unknown fields without end', () => {
    let deep: Plain = 'x'
    for (let level = 0; level < 5_000; level += 1) deep = [deep]
    expect(codeOf(() => serializeMetadata(parseMetadata(block({ deep }), known), known))).toBe('METADATA_INVALID')
  })

  it('changes nothing but the MAC where values alone changed', () => {
    const found = block({ kms: [], z: 1n })
    const written = withMac(found, 'ENC[new]', '2025-01-01T00:00:00Z')
    expect(written).toEqual({ ...found, mac: 'ENC[new]', lastmodified: '2025-01-01T00:00:00Z' })
    expect(Object.keys(written)).toStrictEqual(Object.keys(found))
  })

  it('keeps a field called __proto__', () => {
    const found = withMac(JSON.parse('{"__proto__": "x", "a": "y"}') as PlainMap, '', DATE)
    expect(Object.keys(found)).toContain('__proto__')
    expect(Object.getPrototypeOf(found)).toBeNull()
  })
})

describe('version', () => {
  it.each(['3.13.2', 'v3.0.0', '1.17', '3.0.0-rc.1', '3.0.0+build'])('takes %s', (version) => {
    expect(codeOf(() => checkVersion(version))).toBeUndefined()
  })

  it.each(['', '3.9', '3.09.1', 'latest', '3.1.1 ', '3.1.1-'])('refuses %j', (version) => {
    expect(codeOf(() => checkVersion(version))).toBe('VERSION_INVALID')
  })

  it('compares', () => {
    expect(isNewerVersion('3.13.2', '3.9.1')).toBe(true)
    expect(isNewerVersion('3.13.2', '3.13.2')).toBe(false)
    expect(isNewerVersion('3.13.2', 'v3.20.0')).toBe(false)
    expect(isNewerVersion('3.13.2', '1.x')).toBe(true)
  })
})

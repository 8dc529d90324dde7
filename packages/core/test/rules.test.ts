import { describe, expect, it } from 'vitest'
import { groupsOfRule } from '../src/rule-groups.ts'
import { findCreationRule, findDestinationRule, parseRules } from '../src/rules.ts'
import type { Plain, PlainMap } from '../src/tree.ts'
import { codeOf, errorOf, fakeProvider, providers, type FakeRef } from './support.ts'

const TYPES = ['age', 'pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault']
const known = providers(...TYPES.map((type) => fakeProvider(type)))
const context = { now: new Date(0) }
const find = (rules: Plain[], path: string, directory = '/repo') => findCreationRule(parseRules({ creation_rules: rules }), directory, path)
const { signal } = new AbortController()
const groups = async (rule: PlainMap) =>
  (await groupsOfRule(parseRules({ creation_rules: [rule] }).creationRules![0]!, known, context, signal)).map((group) => group.map((ref) => `${ref.type} ${(ref as FakeRef).name}`))

describe('finding a creation rule', () => {
  it('takes the first whose expression is found in the path below the rule file', async () => {
    const rules = [{ path_regex: '^prod/', age: 'p' }, { path_regex: '\\.yaml$', age: 'y' }, { age: 'rest' }]
    const ageOf = async (path: string) => (await find(rules, path))!.fields['age']
    expect(await ageOf('/repo/prod/a.yaml')).toBe('p')
    expect(await ageOf('/repo/prod.yaml')).toBe('y')
    expect(await ageOf('/elsewhere/prod/a.yaml')).toBe('y')
    expect(await ageOf('/repo/prod')).toBe('rest')
  })

  it('takes paths as they are outside the folder, and below the root', async () => {
    expect((await find([{ path_regex: '^/repository/a$' }], '/repository/a'))!.pathRegex).toBe('^/repository/a$')
    expect((await find([{ path_regex: '^a$' }], '/a', '/'))!.pathRegex).toBe('^a$')
  })

  it('is null without creation_rules, and an error where none matches', async () => {
    for (const content of [{}, null, { creation_rules: null }, { destination_rules: [] }] as Plain[]) {
      expect(await findCreationRule(parseRules(content), '/repo', '/repo/a')).toBeNull()
    }
    for (const rules of [[], [{ path_regex: 'b' }]]) {
      const error = await errorOf(() => find(rules, '/repo/a'))
      expect([error.code, error.message]).toStrictEqual(['RULE_NOT_FOUND', 'error loading config: no matching creation rules found'])
    }
  })

  it('looks at expressions and conflicts of a rule only when it gets there', async () => {
    const rules = [{ path_regex: '^a$' }, { path_regex: '(' }, { path_regex: 'x', encrypted_regex: 'a', encrypted_suffix: 'b' }]
    expect((await find(rules, '/repo/a'))!.pathRegex).toBe('^a$')
    expect((await errorOf(() => find(rules, '/repo/b'))).code).toBe('REGEX_INVALID')
    expect((await errorOf(() => find(rules.slice(2), '/repo/x'))).code).toBe('SELECTOR_CONFLICT')
  })

  it('reads settings, threshold and the MAC flag; numbers stand for text', () => {
    const [rule] = parseRules({ creation_rules: [{ encrypted_suffix: 5n, mac_only_encrypted: true, shamir_threshold: 2n, unknown: [] }] }).creationRules!
    expect(rule).toMatchObject({ pathRegex: '', macOnlyEncrypted: true, threshold: 2, settings: { encrypted_suffix: '5', encrypted_regex: '' } })
  })
})

describe('rule file', () => {
  it('has indents as the reference has them', () => {
    expect(parseRules({}).stores).toStrictEqual({ yaml: 0, json: -1, jsonBinary: -1 })
    expect(parseRules({ stores: { yaml: { indent: 2n }, json: { indent: 0n }, json_binary: {} } }).stores).toStrictEqual({ yaml: 2, json: 0, jsonBinary: -1 })
  })

  it('keeps our own settings apart', () => {
    expect(parseRules({ waxseal: { layout: 'canonical' } }).waxseal).toEqual({ layout: 'canonical' })
  })

  it.each<[string, Plain]>([
    ['a list at the top', []],
    ['rules that are a map', { creation_rules: { age: 'a' } }],
    ['a rule that is a text', { creation_rules: ['age'] }],
    ['hckms as a text', { creation_rules: [{ hckms: 'r:u' }] }],
    ['key_groups as a text', { creation_rules: [{ key_groups: 'a' }] }],
    ['a threshold in words', { creation_rules: [{ shamir_threshold: 'two' }] }],
    ['a flag in numbers', { creation_rules: [{ mac_only_encrypted: 1n }] }],
    ['a path_regex that is a list', { creation_rules: [{ path_regex: [] }] }],
    ['a text for the list of a key group', { creation_rules: [{ path_regex: 'none' }, { key_groups: [{ age: 'a' }] }] }],
    ['a number for it, in a merged group', { creation_rules: [{ key_groups: [{ merge: [{ pgp: 5n }] }] }] }],
    ['a key of a service that is a text', { creation_rules: [{ key_groups: [{ kms: ['arn'] }] }] }],
    ['a field of such a key that is a list', { creation_rules: [{ key_groups: [{ gcp_kms: [{ resource_id: [] }] }] }] }],
    ['a destination that is a list', { destination_rules: [{ path_regex: 'none', s3_bucket: [] }] }],
    ['a version of a store in words', { destination_rules: [{ vault_kv_version: 'two' }] }],
    ['a quoted boolean', { creation_rules: [{ mac_only_encrypted: 'true' }] }],
    ['an indent in words', { stores: { yaml: { indent: 'x' } } }],
  ])('refuses %s', (_, content) => {
    expect(codeOf(() => parseRules(content))).toBe('CONFIG_INVALID')
  })
})

describe('what the reference takes, too', () => {
  it('is null for an element that is not there', async () => {
    expect(parseRules({ creation_rules: [null], destination_rules: [null] })).toMatchObject({ creationRules: [], destinationRules: [] })
    expect(await groups({ age: 'a', key_groups: [null] })).toStrictEqual([['age a']])
    expect(await groups({ key_groups: [null, { age: [null, 'a'], merge: [null] }] })).toStrictEqual([['age a']])
  })

  it.each([['yes', true], ['On', true], ['Y', true], ['no', false], ['OFF', false], ['n', false]])('is %s for a boolean', (word, value) => {
    expect(parseRules({ creation_rules: [{ mac_only_encrypted: word }] }).creationRules).toMatchObject([{ macOnlyEncrypted: value }])
  })

  it('is a list of nothing for no key', async () => {
    expect(await groups({ age: ['a'], kms: [''] })).toStrictEqual([['age a']])
  })
})

describe('keys of a rule', () => {
  it('flat fields make one group, in the reference\'s order', async () => {
    const rule = { hc_vault_transit_uri: 'v', azure_keyvault: 'z', hckms: ['h'], gcp_kms: 'g', kms: 'k', pgp: 'p1, p2,', age: ['a1', 'a2,a3'] }
    expect(await groups(rule)).toStrictEqual([['age a1', 'age a2', 'age a3', 'pgp p1', 'pgp p2', 'kms k', 'gcp_kms g', 'hckms h', 'azure_kv z', 'hc_vault v']])
  })

  it('key_groups win over flat fields, merge first and drop duplicates', async () => {
    const rule = {
      age: 'ignored',
      key_groups: [
        { age: ['a'], pgp: ['p'], merge: [{ pgp: ['p', 'q'], merge: [{ age: ['deep'] }] }, { hc_vault: ['v'], hc_vault_transit_uri: ['ignored'] }] },
        { pgp: ['k'], age: ['a,b', 'a'] },
      ],
    }
    expect(await groups(rule)).toStrictEqual([
      ['age deep', 'pgp p', 'pgp q', 'hc_vault v', 'age a'],
      ['age a', 'age b', 'pgp k'],
    ])
  })

  it('a rule without keys gives one empty group, as empty key_groups do', async () => {
    expect(await groups({})).toStrictEqual([[]])
    expect(await groups({ key_groups: [] })).toStrictEqual([[]])
    expect(await groups({ key_groups: [{}] })).toStrictEqual([[]])
    expect(await groups({ age: '', pgp: null })).toStrictEqual([[]])
  })

  it('aws_profile and the context reach the flat keys', async () => {
    const seen: unknown[] = []
    const kms = { ...fakeProvider('kms'), fromText: (name: string, given: unknown) => (seen.push(given), { type: 'kms', name, enc: '', extra: {} }) }
    const [rule] = parseRules({ creation_rules: [{ kms: 'k', aws_profile: 'dev' }] }).creationRules!
    await groupsOfRule(rule!, providers(kms), { ...context, encryptionContext: { a: 'b' } }, signal)
    expect(seen).toStrictEqual([{ ...context, encryptionContext: { a: 'b' }, awsProfile: 'dev' }])
  })

  it.each<[string, string, PlainMap]>([
    ['invalid age key configuration: invalid age key configuration: expected string, []string, or nil, got int', 'CONFIG_INVALID', { age: 5n }],
    ['invalid gcpkms key configuration: invalid gcp_kms key configuration: expected string, []string, or nil, got map[string]interface {}', 'CONFIG_INVALID', { gcp_kms: {} }],
    ['invalid vault key configuration: invalid hc_vault_transit_uri key configuration: expected string in list, got bool', 'CONFIG_INVALID', { hc_vault_transit_uri: [true] }],
    ['unknown recipient type: ""', 'RECIPIENT_INVALID', { age: ['a,'] }],
    ['could not unmarshal config file: age of a key group is not a list', 'CONFIG_INVALID', { key_groups: [{ age: 'a' }] }],
    ['could not unmarshal config file: key_groups is not a mapping', 'CONFIG_INVALID', { key_groups: ['a'] }],
  ])('refuses with %s', async (message, code, rule) => {
    expect(await errorOf(() => groups(rule))).toMatchObject({ code, message })
  })

  it('are completed where a kind leaves something open', async () => {
    const newest = { ...fakeProvider('azure_kv'), complete: async (ref: FakeRef) => ({ ...ref, name: `${ref.name}/7` }) }
    const [rule] = parseRules({ creation_rules: [{ azure_keyvault: 'z', age: 'a' }] }).creationRules!
    expect((await groupsOfRule(rule!, providers(newest, fakeProvider('age')), context, signal)).flat()).toMatchObject([{ name: 'a' }, { name: 'z/7' }])
  })

  it('refuses kinds that nobody provides', async () => {
    const [rule] = parseRules({ creation_rules: [{ kms: 'k' }] }).creationRules!
    expect((await errorOf(() => groupsOfRule(rule!, providers(fakeProvider('age')), context, signal))).code).toBe('PROVIDER_UNKNOWN')
  })

  it('refuses merges without end', async () => {
    let group: Plain = { age: ['a'] }
    for (let level = 0; level < 200; level += 1) group = { merge: [group] }
    expect((await errorOf(() => groups({ key_groups: [group] }))).code).toBe('CONFIG_INVALID')
  })
})

describe('destination rules', () => {
  const rules = parseRules({
    destination_rules: [
      { path_regex: '^s3/', s3_bucket: 'b', s3_prefix: 'p/', omit_extensions: true, recreation_rule: { age: 'a' } },
      { path_regex: '^two', s3_bucket: 'b', gcs_bucket: 'c' },
      { path_regex: '^none' },
      { vault_path: 'v/', vault_address: 'https://v', vault_kv_version: 1n },
    ],
  })

  it('take the first that matches the path as given', async () => {
    const s3 = await findDestinationRule(rules, 's3/x')
    expect(s3).toMatchObject({ destination: { kind: 's3', bucket: 'b', prefix: 'p/' }, omitExtensions: true })
    expect(s3.recreationRule.fields).toEqual({ age: 'a' })
    expect((await findDestinationRule(rules, 'x')).destination).toStrictEqual({ kind: 'vault', address: 'https://v', path: 'v/', mountName: '', kvVersion: 1 })
    expect((await findDestinationRule(rules, 'none')).destination).toBeUndefined()
  })

  it('refuse two destinations in one rule, and say when none matches', async () => {
    expect((await errorOf(() => findDestinationRule(rules, 'two'))).code).toBe('CONFIG_INVALID')
    expect((await errorOf(() => findDestinationRule(parseRules({}), 'x'))).code).toBe('RULE_NOT_FOUND')
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError, plainMap } from '@waxseal/core'
import { checkAllowList, parseAllowList } from '../src/allow-list.ts'
import { fieldsOf, nameOf, newRef, refFrom } from '../src/ref.ts'

const context = { now: new Date('2026-01-02T03:04:05.678Z') }

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
  return undefined
}

describe('the URI of a key', () => {
  it.each([
    ['https://vault.example.com:8200/v1/transit/keys/k', 'https://vault.example.com:8200', 'transit', 'k'],
    ['HTTPS://Vault.example.com/v1/transit/keys/k', 'https://Vault.example.com', 'transit', 'k'],
    ['https://h/v1/a/b/keys/k', 'https://h', 'a/b', 'k'],
    ['https://h/v1/a/keys/k/', 'https://h', 'a', 'k'],
    ['https://h//v1/a/keys/k', 'https://h', 'a', 'k'],
    ['https://h/v12/a/any/k', 'https://h', 'a', 'k'],
    ['https://h/v1/a/v2/keys/k', 'https://h', 'a/v2', 'k'],
    ['https://[::1]:8200/v1/a/keys/k', 'https://[::1]:8200', 'a', 'k'],
  ])('%s has the parts that the reference finds', (uri, address, enginePath, keyName) => {
    expect(newRef(uri, context)).toMatchObject({ address, enginePath, keyName, enc: '', createdAt: '2026-01-02T03:04:05Z' })
  })

  it.each([
    '', 'transit', 'h/v1/a/keys/k', '//h/v1/a/keys/k', 'https:///v1/a/keys/k', 'ftp://h/v1/a/keys/k', 'https://h', 'https://h/', 'https://h/v1/keys/k', 'https://h/vx/a/keys/k',
    'https://h/v1/a//keys/k', 'https://h/p/v1/a/keys/k', 'https://h/v1/a/v2/b/keys/k', 'https://h/v1/a/keys/k?x=1', 'https://h/v1/a/keys/k#f', ' https://h/v1/a/keys/k',
  ])('%j is none', (uri) => {
    expect(codeOf(() => newRef(uri, context))).toBe('RECIPIENT_INVALID')
  })

  it('is found again from its parts, and nothing else escapes than a refusal', () => {
    const segment = fc.stringMatching(/^[a-z0-9._-]{1,8}$/)
    fc.assert(fc.property(fc.webAuthority(), fc.array(segment, { minLength: 1, maxLength: 4 }), segment, (host, engine, name) => {
      const uri = `https://${host}/v1/${engine.join('/')}/keys/${name}`
      fc.pre(!engine.slice(1).some((part) => /^v\d+$/.test(part)) && !/^v\d+$/.test(engine[0] ?? ''))
      expect(nameOf(newRef(uri, context))).toBe(uri)
    }))
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), (text) => [undefined, 'RECIPIENT_INVALID'].includes(codeOf(() => newRef(text, context)))))
  })

  it('may not hold credentials, which are not shown either', () => {
    const work = (): unknown => newRef('https://user:hunter2@h/v1/a/keys/k', context)
    expect(work).toThrow('credentials')
    expect(work).not.toThrow('hunter2')
  })
})

describe('the metadata entry', () => {
  it('keeps unknown fields, and whatever it says of the key', () => {
    const entry = plainMap(Object.entries({
      created_at: '2020-01-01T00:00:00Z', enc: 'vault:v1:E', engine_path: 'team/sops', key_name: 'k', note: 'kept', vault_address: 'https://h',
    }))
    const ref = refFrom(entry)
    expect(fieldsOf(ref)).toEqual(entry)
    expect(nameOf(ref)).toBe('https://h/v1/team/sops/keys/k')
  })

  it('with a field of another type is refused', () => {
    expect(codeOf(() => refFrom(plainMap([['key_name', []]])))).toBe('METADATA_INVALID')
  })
})

describe('SOPS_HC_VAULT_ALLOWLIST', () => {
  const allows = (list: string, address: string): boolean => codeOf(() => checkAllowList(address, parseAllowList(list))) === undefined

  it('allows all, none, or what its prefixes say', () => {
    for (const list of ['', 'all']) expect(allows(list, 'https://anywhere')).toBe(true)
    expect(allows('none', 'https://h')).toBe(false)
    expect(allows('https://a, https://h:8200/', 'https://h:8200')).toBe(true)
    expect(allows('https://h', 'https://h:8200')).toBe(false)
    expect(allows('https://h', 'https://h.evil.example')).toBe(false)
  })

  it('has no empty entries', () => {
    for (const list of ['https://a,', ' ', ',']) expect(codeOf(() => parseAllowList(list))).toBe('CONFIG_INVALID')
  })
})

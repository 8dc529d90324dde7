import dns from 'node:dns'
import net from 'node:net'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CodedError, plainMap, restrictHosts, trustHosts, type Plain } from '@waxseal/core'
import { parseChallenge } from '../src/challenge.ts'
import { createAzureProvider } from '../src/index.ts'
import { checkAddress } from '../src/vault-address.ts'

const VAULT = 'https://wax-1.vault.azure.net'
const VERSION = 'd8f78efca7fe194e74823c30c4f38e2a'
const now = new Date('2026-01-02T03:04:05.678Z')
const { signal } = new AbortController()
const agents = async () => ({ http: new HttpAgent(), https: new HttpsAgent() })
const azure = createAzureProvider({ hosts: restrictHosts(() => []), agents })

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('a Key Vault key as text', () => {
  it.each([
    [`${VAULT}/keys/k/${VERSION}`, VERSION],
    [` ${VAULT}/keys/k/${VERSION}\n`, VERSION],
    [`${VAULT}/keys/k`, ''],
    [`${VAULT}/keys/k/`, ''],
  ])('is %j', (text, version) => {
    const ref = azure.fromText(text, { now })
    expect(ref).toMatchObject({ vaultUrl: VAULT, name: 'k', version, enc: '', createdAt: '2026-01-02T03:04:05Z' })
    expect(azure.displayName(ref)).toBe(`${VAULT}/keys/k/${version}`)
  })

  it.each([`${VAULT}/secrets/k`, `${VAULT}/keys/`, `${VAULT}/keys/k/v/x`, 'http://wax-1.vault.azure.net/keys/k', 'wax-1/keys/k', ''])('is not %j', async (text) => {
    expect(await codeOf(() => azure.fromText(text, { now }))).toBe('RECIPIENT_INVALID')
  })

  it('with credentials is refused without showing them', () => {
    expect(() => azure.fromText('https://user:hunter2@wax-1.vault.azure.net/keys/k', { now })).toThrow(/credentials in it/)
    expect(() => azure.fromText('https://user:hunter2@wax-1.vault.azure.net/keys/k', { now })).not.toThrow(/hunter2/)
  })
})

describe('a Key Vault key of a key group', () => {
  it('is a mapping, with or without version', () => {
    const key = plainMap([['vaultUrl', `${VAULT}/`], ['key', 'k']])
    expect(azure.fromGroup(key, { now })).toMatchObject([{ vaultUrl: `${VAULT}/`, name: 'k', version: '' }])
    expect(azure.fromGroup(plainMap([...Object.entries(key), ['version', VERSION]]), { now })).toMatchObject([{ version: VERSION }])
  })

  it.each<[string, Plain]>([['a text', `${VAULT}/keys/k`], ['a list', []], ['a mapping with a list', plainMap([['vaultUrl', [VAULT]]])]])('is not %s', async (_, element) => {
    expect(await codeOf(() => azure.fromGroup(element, { now }))).toBe('CONFIG_INVALID')
  })
})

describe('the metadata entry of a Key Vault key', () => {
  it('comes back as it was, with fields that nobody here knows', () => {
    const entry = plainMap([['created_at', '2024-01-01T00:00:00Z'], ['enc', 'AAAA'], ['future', 'x'], ['name', 'k'], ['vault_url', VAULT], ['version', VERSION]])
    expect({ ...azure.serialize(azure.parse(entry)) }).toEqual({ ...entry })
  })

  it.each([
    ['a host of somebody else', { vault_url: 'https://vault.evil.example' }, 'HOST_REFUSED'],
    ['a host that ends almost right', { vault_url: 'https://evil-vault.azure.net' }, 'HOST_REFUSED'],
    ['a host below a vault', { vault_url: 'https://evil.wax-1.vault.azure.net' }, 'HOST_REFUSED'],
    ['the domain of vaults itself', { vault_url: 'https://vault.azure.net' }, 'HOST_REFUSED'],
    ['another host before an @', { vault_url: 'https://wax-1.vault.azure.net@evil.example' }, 'HOST_REFUSED'],
    ['a vault in the fragment', { vault_url: 'https://evil.example#.vault.azure.net' }, 'HOST_REFUSED'],
    ['a vault in the query', { vault_url: 'https://evil.example?.vault.azure.net' }, 'HOST_REFUSED'],
    ['a path', { vault_url: `${VAULT}/x/..` }, 'HOST_REFUSED'],
    ['a backslash', { vault_url: 'https://evil.example\\.vault.azure.net' }, 'HOST_REFUSED'],
    ['a port', { vault_url: `${VAULT}:8443` }, 'HOST_REFUSED'],
    ['plain HTTP', { vault_url: 'http://wax-1.vault.azure.net' }, 'HOST_REFUSED'],
    ['no URL', { vault_url: '' }, 'HOST_REFUSED'],
    ['a dot in its name', { name: '..' }, 'RECIPIENT_INVALID'],
    ['a slash in its name', { name: 'k/../../secrets/s' }, 'RECIPIENT_INVALID'],
    ['a query in its version', { version: `${VERSION}?x` }, 'RECIPIENT_INVALID'],
  ])('with %s leads to no connection and no look-up', async (_, change, code) => {
    const connect = vi.spyOn(net.Socket.prototype, 'connect')
    const lookup = vi.spyOn(dns, 'lookup')
    const entry = { vault_url: VAULT, name: 'k', version: VERSION, enc: 'AAAA', created_at: '2024-01-01T00:00:00Z', ...change }
    const ref = azure.parse(plainMap(Object.entries(entry)))
    expect(await codeOf(() => azure.unwrap(ref, { signal }))).toBe(code)
    expect(await codeOf(() => azure.wrap(Buffer.alloc(32), ref, { signal }))).toBe(code)
    if (code === 'HOST_REFUSED') expect(await codeOf(() => azure.complete?.({ ...ref, version: '' }, { signal }))).toBe(code)
    expect(connect).not.toHaveBeenCalled()
    expect(lookup).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it('leads to a vault of the vendor, whatever it is made of', () => {
    const pieces = fc.constantFrom('https://', 'http:', '//', 'wax-1', '.vault.azure.net', '.evil.example', '@', '#', '?', '/', '\\', ':443', '%2f', '..', '\t', 'ü', ' ')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const ref = azure.parse(plainMap([['vault_url', parts.join('')], ['name', 'k'], ['version', VERSION]]))
        try {
          expect(checkAddress(ref, restrictHosts(() => [])).href).toMatch(/^https:\/\/[a-z0-9-]+\.vault\.azure\.net\/$/)
        } catch (error) {
          if (!(error instanceof CodedError)) throw error
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('is taken at its word where the reference does, as long as it is a host', async () => {
    const trusting = createAzureProvider({ hosts: trustHosts(() => {}), agents })
    const entry = { vault_url: 'https://evil.example#.vault.azure.net', name: 'k', version: VERSION, enc: 'AAAA', created_at: '' }
    expect(await codeOf(() => trusting.unwrap(trusting.parse(plainMap(Object.entries(entry))), { signal }))).toBe('HOST_REFUSED')
  })
})

describe('a challenge', () => {
  const vault = new URL(VAULT)
  const authorization = 'authorization="https://login.microsoftonline.com/72f988bf-0000"'

  it.each([
    [`Bearer ${authorization}, resource="https://vault.azure.net"`, 'https://vault.azure.net/.default'],
    [`Bearer ${authorization} scope="https://vault.azure.net/.default"`, 'https://vault.azure.net/.default'],
    [`Bearer authorization=https://login.microsoftonline.com/72f988bf-0000,resource=https://vault.azure.net`, 'https://vault.azure.net/.default'],
  ])('%s', (header, scope) => {
    expect(parseChallenge(header, vault)).toStrictEqual({ tenantId: '72f988bf-0000', scope })
  })

  it.each([
    undefined,
    '',
    'Basic realm="x"',
    `Bearer ${authorization}`,
    'Bearer resource="https://vault.azure.net"',
    `Bearer ${authorization}, resource="https://graph.microsoft.com"`,
    `Bearer ${authorization}, resource="https://ault.azure.net"`,
    `Bearer ${authorization}, resource="http://vault.azure.net"`,
    `Bearer ${authorization}, resource="vault.azure.net"`,
    'Bearer authorization="https://login.microsoftonline.com/..%2f", resource="https://vault.azure.net"',
  ])('is not %j', async (header) => {
    expect(await codeOf(() => parseChallenge(header, vault))).toBe('KEY_SERVICE_FAILED')
  })
})

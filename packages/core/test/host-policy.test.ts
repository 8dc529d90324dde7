import { describe, expect, it } from 'vitest'
import { CodedError, restrictHosts, trustHosts, type NamedHost } from '@waxseal/core'

const VAULT: Omit<NamedHost, 'url'> = { what: 'vault address', setting: 'VAULT_ADDR', configured: ['https://vault.example:8200/ui'] }
const VENDOR = /^https:\/\/[a-z][a-z0-9-]{1,22}[a-z0-9]\.vault\.azure\.net$/
const KEY_VAULT: Omit<NamedHost, 'url'> = { what: 'vault URL', setting: 'AZURE_X', vendor: VENDOR }

function outcome(check: () => void): string {
  try {
    check()
    return 'allowed'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('the policy of native commands', () => {
  const allowed = ['vault.corp', 'vault.corp:8443', 'http://127.0.0.1:8200', '*.trusted.example', 'not a host']
  const policy = restrictHosts(() => allowed)
  const check = (named: Omit<NamedHost, 'url'>, url: string): string => outcome(() => policy.check({ ...named, url }))

  it.each([
    'https://vault.example:8200', // configured; the path does not count
    'https://VAULT.corp/v1',
    'https://vault.corp:443',
    'https://vault.corp:8443',
    'http://127.0.0.1:8200',
    'https://a.b.trusted.example',
  ])('lets a file name %s', (url) => {
    expect(check(VAULT, url)).toBe('allowed')
  })

  it.each([
    'https://evil.example',
    'http://vault.corp', // in clear
    'https://vault.corp:8444',
    'https://vault.example', // another port than the one that is set
    'https://vault.corp.evil.example',
    'https://vault.corp@evil.example',
    'https://user:secret@vault.corp',
    'https://trusted.example',
    'https://eviltrusted.example',
    'http://a.trusted.example',
    'file:///etc/passwd',
    'vault.corp',
    '',
  ])('refuses %s', (url) => {
    expect(check(VAULT, url)).toBe('HOST_REFUSED')
  })

  it('starts no program but those that are allowed', () => {
    const programs = restrictHosts(() => ['age-plugin-one', 'https://age-plugin-two'])
    expect(outcome(() => programs.checkProgram('age-plugin-one'))).toBe('allowed')
    for (const program of ['age-plugin-two', 'age-plugin-on', 'one', '']) expect(outcome(() => programs.checkProgram(program))).toBe('PROGRAM_REFUSED')
    expect(outcome(() => trustHosts(() => {}).checkProgram('age-plugin-two'))).toBe('allowed')
  })

  it('has no role taken on but those that are configured or allowed', () => {
    const named = (role: string) => ({ what: 'role', role, form: /^[a-z]+$/, configured: () => ['mine'], setting: 'ROLE' })
    const roles = restrictHosts(() => ['allowed', 'https://host'])
    for (const role of ['mine', 'allowed', 'https://host']) expect(outcome(() => roles.checkRole(named(role)))).toBe('allowed')
    for (const role of ['mine ', 'min', 'Allowed', 'host', '*', '']) expect(outcome(() => roles.checkRole(named(role)))).toBe('ROLE_REFUSED')
    expect(outcome(() => trustHosts(() => {}).checkRole(named('theirs')))).toBe('allowed')
    expect(() => roles.checkRole(named('theirs'))).toThrow(expect.objectContaining({ hint: expect.stringContaining('name it in ROLE, or allow it with --allow theirs') }))
    expect(() => roles.checkRole(named('$(id)'))).toThrow(expect.objectContaining({ hint: expect.not.stringContaining('id') }))
  })

  it('knows the hosts of a vendor by their whole origin', () => {
    expect(check(KEY_VAULT, 'https://my-vault.vault.azure.net')).toBe('allowed')
    for (const url of ['https://a.b.vault.azure.net', 'https://my-vault.vault.azure.net:8443', 'http://my-vault.vault.azure.net', 'https://my-vault.vault.azure.net.evil.example', 'https://evil.example#.vault.azure.net']) {
      expect(check(KEY_VAULT, url)).toBe('HOST_REFUSED')
    }
  })

  it('asks what the user allows only when nothing else does', () => {
    let asked = 0
    const counting = restrictHosts(() => ((asked += 1), []))
    counting.check({ ...VAULT, url: 'https://vault.example:8200' })
    expect(asked).toBe(0)
    expect(outcome(() => counting.check({ ...VAULT, url: 'https://other.example' }))).toBe('HOST_REFUSED')
    expect(asked).toBe(1)
  })

  it('says what to set, and shows no credentials', () => {
    try {
      policy.check({ ...VAULT, url: 'https://evil.example/token' })
      expect.unreachable()
    } catch (error) {
      const { message, hint } = error as CodedError
      expect(message).toContain('https://evil.example')
      expect(hint).toContain('VAULT_ADDR')
      expect(hint).toContain('--allow https://evil.example')
    }
    expect(() => policy.check({ ...VAULT, url: 'https://user:hunter2@vault.corp' })).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }))
  })
})

describe('the policy of the reference', () => {
  it('follows the file, and warns when another host is set', () => {
    const warnings: string[] = []
    const policy = trustHosts((message) => warnings.push(message))
    policy.check({ ...VAULT, url: 'https://vault.example:8200' })
    policy.check({ ...KEY_VAULT, url: 'https://elsewhere.example' })
    expect(warnings).toEqual([])
    for (let times = 0; times < 2; times++) policy.check({ ...VAULT, url: 'https://elsewhere.example' })
    expect(warnings).toEqual(['vault address https://elsewhere.example of the file is not the one that VAULT_ADDR sets'])
    expect(outcome(() => policy.check({ ...VAULT, url: 'javascript:0' }))).toBe('HOST_REFUSED')
  })
})

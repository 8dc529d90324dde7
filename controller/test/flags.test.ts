import { describe, expect, it } from 'vitest'
import { DURATION, FLOAT, formatDuration, INTEGER, SWITCH } from '../src/flag-values.ts'
import { parseFlags, parsePairs, usage } from '../src/flags.ts'

const HOUR = 3_600_000

describe('parseFlags', () => {
  it("has upstream's defaults, apart from the limit of requests", () => {
    const { settings } = parseFlags([], {})
    expect(settings).toMatchObject({
      'key-prefix': 'sealed-secrets-key',
      'key-size': 4096,
      'key-ttl': 87_600 * HOUR,
      'key-renew-period': 720 * HOUR,
      'key-order-priority': 'CertNotBefore',
      'accept-deprecated-v1-data': true,
      'all-namespaces': true,
      'update-status': true,
      'rate-limit': 2,
      'rate-limit-burst': 2,
      'listen-addr': ':8080',
      'listen-metrics-addr': ':8081',
      'read-timeout': 120_000,
      'kubeclient-qps': undefined,
    })
  })

  it('takes the environment first and lets the command line win', () => {
    const env = { SEALED_SECRETS_KEY_RENEW_PERIOD: '5m', SEALED_SECRETS_UPDATE_STATUS: 'false', SEALED_SECRETS_KEY_SIZE: '2048' }
    const { settings } = parseFlags(['--key-renew-period=1h30m', '--update-status'], env)
    expect([settings['key-renew-period'], settings['update-status'], settings['key-size']]).toEqual([1.5 * HOUR, true, 2048])
  })

  it('ignores an environment variable that it cannot read', () => {
    expect(parseFlags([], { SEALED_SECRETS_KEY_SIZE: 'large' }).settings['key-size']).toBe(4096)
  })

  it('lets the old name of the renewal period win in the environment', () => {
    const { settings } = parseFlags([], { SEALED_SECRETS_KEY_RENEW_PERIOD: '1h', SEALED_SECRETS_ROTATE_PERIOD: '2h' })
    expect(settings['key-renew-period']).toBe(2 * HOUR)
  })

  it('says that the old name is deprecated', () => {
    const { settings, notices } = parseFlags(['--rotate-period', '0'], {})
    expect(settings['key-renew-period']).toBe(0)
    expect(notices).toHaveLength(1)
  })

  it('takes values as the next word or after =, with one dash or two, and ignores positional arguments', () => {
    const { settings } = parseFlags(['controller', '-key-prefix', 'x', '--my-cn=a=b', '--all-namespaces=false', 'false'], {})
    expect([settings['key-prefix'], settings['my-cn'], settings['all-namespaces']]).toEqual(['x', 'a=b', false])
  })

  it.each([
    [['--nonsense'], 'flag provided but not defined: -nonsense'],
    [['--constructor'], 'flag provided but not defined: -constructor'],
    [['--key-size', 'big'], 'invalid value "big" for flag -key-size'],
    [['--update-status=maybe'], 'invalid value "maybe" for flag -update-status'],
    [['--key-size'], 'flag needs an argument: -key-size'],
  ])('refuses %j', (args, message) => {
    expect(() => parseFlags(args, {})).toThrow(expect.objectContaining({ code: 'USAGE', message }))
  })

  it('asks for help', () => {
    expect(parseFlags(['-h'], {}).help).toBe(true)
    expect(usage()).toContain('--key-renew-period duration\n')
    expect(usage()).toContain('(default 720h0m0s)')
  })
})

describe('values of flags', () => {
  it.each([
    ['720h', 720 * HOUR],
    ['1h30m5s', 5_405_000],
    ['1.5h', 1.5 * HOUR],
    ['250ms', 250],
    ['0', 0],
    ['-2s', -2000],
    ['30d', undefined],
    ['5', undefined],
    ['', undefined],
    ['1h 2m', undefined],
  ])('reads the duration %j', (text, expected) => {
    expect(DURATION.parse(text)).toBe(expected)
  })

  it('prints durations as Go does', () => {
    expect([0, 5000, 120_000, 720 * HOUR].map(formatDuration)).toEqual(['0s', '5s', '2m0s', '720h0m0s'])
  })

  it('reads numbers and switches', () => {
    expect(['1', '-1', '1.5', 'x'].map((text) => INTEGER.parse(text))).toEqual([1, -1, undefined, undefined])
    expect(['1', '.5', '1e3', '-1', 'x'].map((text) => FLOAT.parse(text))).toEqual([1, 0.5, 1000, -1, undefined])
    expect(['t', 'FALSE', 'yes'].map((text) => SWITCH.parse(text))).toEqual([true, false, undefined])
  })

  it('reads pairs', () => {
    expect(parsePairs('privatekey-labels', 'a=1,b=x=y')).toEqual({ a: '1', b: 'x=y' })
    expect(parsePairs('privatekey-labels', '')).toEqual({})
    expect(() => parsePairs('privatekey-labels', 'a')).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

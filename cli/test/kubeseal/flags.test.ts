import { describe, expect, it } from 'vitest'
import { FLAGS } from '../../src/kubeseal/flag-table.ts'
import { FlagError, flagUsages, FlagValues, HelpWanted, type Flag } from '../../src/kubeseal/flags.ts'

const parse = (words: readonly string[], env: Record<string, string> = {}): FlagValues => new FlagValues(FLAGS, words, env)

describe('kubeseal flags', () => {
  it.each([
    [['-n', 'x'], 'x'],
    [['-nx'], 'x'],
    [['-n=x'], 'x'],
    [['-n='], '='],
    [['--namespace', 'x'], 'x'],
    [['--namespace=x=y'], 'x=y'],
    [['--namespace='], ''],
    [['word', '-n', 'x', 'word'], 'x'],
    [['-n', '--', '-n', 'x'], 'x'],
    [['--', '-n', 'x'], ''],
    [['-n', 'x', '-', '-n', 'y'], 'y'],
  ])('%j gives the namespace %j', (words, namespace) => {
    expect(parse(words).text('namespace')).toBe(namespace)
  })

  it.each([
    [['--nope'], 'unknown flag: --nope'],
    [['--nope=1'], 'unknown flag: --nope'],
    [['-Zn'], "unknown shorthand flag: 'Z' in -Zn"],
    [['--cert'], 'flag needs an argument: --cert'],
    [['-n'], "flag needs an argument: 'n' in -n"],
    [['--=x'], 'bad flag syntax: --=x'],
    [['---x'], 'bad flag syntax: ---x'],
    [['--raw=maybe'], 'invalid argument "maybe" for "--raw" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['-v', 'x'], 'invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [['--scope', 'x'], 'invalid argument "x" for "--scope" flag: must be one of: strict, namespace-wide, cluster-wide'],
  ])('%j is refused: %s', (words, message) => {
    expect(() => parse(words)).toThrow(new FlagError(message))
  })

  it('take a value for switches behind = only', () => {
    expect(parse(['--raw']).bool('raw')).toBe(true)
    expect(parse(['--raw=F']).bool('raw')).toBe(false)
    expect(parse(['--raw', 'false']).bool('raw')).toBe(true)
    expect(parse([]).bool('raw')).toBe(false)
  })

  it('come from the environment, where the command line is silent and the value is valid', () => {
    const env = { SEALED_SECRETS_NAME: 'a', SEALED_SECRETS_RAW: 'yes', SEALED_SECRETS_FETCH_CERT: 't', SEALED_SECRETS_V: '3' }
    expect(parse([], env).text('name')).toBe('a')
    expect(parse(['--name', 'b'], env).text('name')).toBe('b')
    expect(parse([], env).bool('raw')).toBe(false)
    expect(parse([], env).bool('fetch-cert')).toBe(true)
    expect(parse([], env).text('v')).toBe('')
  })

  it('collect lists as CSV, the environment first', () => {
    const env = { SEALED_SECRETS_FROM_FILE: 'a' }
    expect(parse(['--from-file', 'b,"c,d"', '--from-file=e""f', '--from-file', '"g""h"'], env).list('from-file')).toEqual(['a', 'b', 'c,d', 'e""f', 'g"h'])
    expect(parse([]).list('from-file')).toEqual([])
  })

  it('warn of a deprecated name', () => {
    expect(parse(['--rotate']).warnings).toEqual(['Flag --rotate has been deprecated, please use --re-encrypt instead'])
  })

  it('share a dash when they are switches', () => {
    const flags: Flag[] = [
      { name: 'all', short: 'a', kind: 'bool', usage: '' },
      { name: 'name', short: 'n', kind: 'string', usage: '' },
    ]
    const values = new FlagValues(flags, ['-anx'], {})
    expect([values.bool('all'), values.text('name')]).toEqual([true, 'x'])
    expect(() => new FlagValues(flags, ['-ah'], {})).toThrow(HelpWanted)
  })

  it('are listed with their values and defaults', () => {
    const usages = flagUsages(FLAGS)
    expect(usages).toMatch(/^ {6}--add_dir_header {2,}Accepted and not used$/m)
    expect(usages).toMatch(/^ {6}--controller-name string {2,}\S.* \(default "sealed-secrets-controller"\)$/m)
    expect(usages).toMatch(/^ {2}-o, --format string {2,}\S.* \(default "json"\)$/m)
    expect(usages).toMatch(/^ {6}--from-file strings {2,}\S/m)
    expect(usages).toMatch(/^ {6}--rotate {2,}\S.* \(DEPRECATED: please use --re-encrypt instead\)$/m)
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Flag, FlagError, FlagValues, reorder } from '../../src/sops/flags.ts'

const FLAGS: readonly Flag[] = [
  { names: ['in-place', 'i'], kind: 'bool', usage: '' },
  { names: ['local'], kind: 'bool', usage: '', env: 'LOCAL', onByDefault: true },
  { names: ['age', 'a'], kind: 'string', usage: '', env: 'AGE' },
  { names: ['service'], kind: 'list', usage: '', env: 'SERVICE' },
  { names: ['indent'], kind: 'int', usage: '' },
]
const parse = (words: readonly string[], env: Record<string, string> = {}): FlagValues => new FlagValues(FLAGS, words, env)

describe('FlagValues', () => {
  it.each([
    [['-in-place', '--age', 'x', 'f'], true, 'x', ['f']],
    [['--in-place=false', '-a=x', 'f', '-i'], false, 'x', ['f', '-i']],
    [['--in-place=T', '--age='], true, '', []],
    [['--', '-i'], false, '', ['-i']],
    [['-', '-i'], false, '', ['-', '-i']],
    [['--age', '--in-place', 'f'], false, '--in-place', ['f']],
    [['--age=a=b', ''], false, 'a=b', ['']],
  ])('reads %j', (words, inPlace, age, args) => {
    const values = parse(words)
    expect(values.error).toBeUndefined()
    expect([values.bool('in-place'), values.bool('i'), values.string('age'), values.args]).toEqual([inPlace, inPlace, age, args])
  })

  it.each([
    [['-x'], 'flag provided but not defined: -x'],
    [['-ia', 'x'], 'flag provided but not defined: -ia'],
    [['---i'], 'bad flag syntax: ---i'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['-i=maybe'], 'invalid boolean value "maybe" for -i: parse error'],
    [['f', '-x'], undefined],
    [['--age'], 'flag needs an argument: -age'],
    [['--indent', 'x'], 'invalid value "x" for flag -indent: parse error'],
    [['--indent', '99999999999999999999'], 'invalid value "99999999999999999999" for flag -indent: value out of range'],
  ])('refuses %j as Go does', (words, message) => {
    expect(parse(words).error?.message).toBe(message)
  })

  it('reads integers with a base prefix', () => {
    expect(['2', '-1', '0x10', '010', '0b11', '0', '1_0', '0_10'].map((text) => parse([`--indent=${text}`]).int('indent'))).toEqual([2, -1, 16, 8, 3, 0, 10, 8])
  })

  it('takes the environment where a flag is absent, and repeats lists', () => {
    const values = parse(['--service', 'c'], { AGE: 'k', SERVICE: 'a, b', LOCAL: '' })
    expect([values.string('age'), values.list('service'), values.bool('local')]).toEqual(['k', ['a', 'b', 'c'], false])
    expect(parse([]).bool('local')).toBe(true)
    expect(() => parse([], { LOCAL: 'maybe' })).toThrow(FlagError)
  })

  it('tells a flag that was given in both forms', () => {
    expect(parse(['-i', '--in-place']).doubled?.message).toBe('Cannot use two forms of the same flag: i in-place')
    expect(parse(['-i', '-i']).doubled).toBeUndefined()
  })
})

describe('reorder', () => {
  it.each([
    [['f', '--age', 'X'], ['--age', 'X', 'f']],
    [['-i', 'f', '--age', 'X'], ['-i', 'f', '--age', 'X']],
    [['f', '-i', '--age', 'X'], ['-i', '--age', 'X', 'f']],
    [['f', '--age=X', 'g'], ['--age=X', 'f', 'g']],
    [['f', '--', '-i', 'g'], ['--', 'f', '-i', 'g']],
    [['f', '-5', '-i'], ['-i', 'f', '-5']],
  ])('turns %j into %j', (words, expected) => {
    expect(reorder(FLAGS, words)).toEqual(expected)
  })

  it('loses and invents no word', () => {
    const word = fc.oneof(fc.constantFrom('-i', '--age', '--age=x', '--', '-', '-x', '---i'), fc.string())
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(reorder(FLAGS, words).toSorted()).toEqual(words.toSorted())
      }),
    )
  })
})

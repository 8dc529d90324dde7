import { CodedError, type ErrorCode } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'
import { treeText } from './tree-text.ts'

function read(source: string): string {
  return parseYaml(Buffer.from(source)).tree.map(treeText).join(' --- ')
}

function refusal(source: string | Uint8Array): CodedError {
  try {
    parseYaml(Buffer.from(source))
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new Error('was read')
}

describe('UTF-16', () => {
  const utf16 = Buffer.from('\ufeffk: é😀\n', 'utf16le')
  it.each([
    ['little-endian', utf16],
    ['big-endian', Buffer.from(utf16).swap16()],
  ])('is read by its byte order mark: %s', (_, bytes) => {
    const document = parseYaml(bytes)
    expect(document.tree.map(treeText)).toEqual(['{k: "é😀"}'])
    expect(Buffer.from(document.apply([])).toString()).toBe('k: é😀\n')
  })

  it.each([
    ['half a character', Buffer.from([0xff, 0xfe, 0x6b])],
    ['half a pair', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x0a, 0x00])],
  ])('is refused with %s', (_, bytes) => {
    expect(refusal(bytes).code).toBe('PARSE_ENCODING')
  })
})

describe('values', () => {
  it.each([
    ['', 'null'], ['~', 'null'], ['Null', 'null'], ['nULL', '"nULL"'],
    ['true', 'bool true'], ['TRUE', 'bool true'], ['yes', '"yes"'], ['off', '"off"'],
    ['42', 'int 42'], ['-0', 'int 0'], ['+7', 'int 7'], ['1_000', 'int 1000'], ['0x1F', 'int 31'], ['0o17', 'int 15'], ['0b101', 'int 5'], ['017', 'int 15'],
    ['08', 'float 8'], ['0b-101', 'int -5'], ['9223372036854775807', 'int 9223372036854775807'], ['18446744073709551615', 'int 18446744073709551615'],
    ['-9223372036854775809', 'float -9223372036854776000'],
    ['1.0', 'float 1'], ['-0.0', 'float -0'], ['.5', 'float 0.5'], ['1e3', 'float 1000'], ['1e400', '"1e400"'], ['.5_0', 'float 0.5'], ['._5', '"._5"'],
    ['.inf', 'float Infinity'], ['-.INF', 'float -Infinity'], ['.NaN', 'float NaN'],
    ['1:20', '"1:20"'], ['0x1p-2', '"0x1p-2"'], ['<<', '"<<"'], ['=', '"="'],
    ['2024-01-01', 'time 2024-01-01T00:00:00Z'], ['2024-1-2 3:4:5.600', 'time 2024-01-02T03:04:05.6Z'], ['2024-02-30', '"2024-02-30"'],
    ['2024-01-01T12:34:56+02:00', 'time 2024-01-01T12:34:56+02:00'], ['2024-01-01t12:34:56z', '"2024-01-01t12:34:56z"'], ['2024-01-01T00:00:00+00:00', 'time 2024-01-01T00:00:00Z'],
    ["'42'", '"42"'], ['"a\\x41\\u00e9\\U0001F600\\n"', '"aAé😀\\n"'], ['!!str 1', '"1"'], ['!!int "3"', 'int 3'], ['!!float 3', 'float 3'],
    ['!custom 1', '"1"'], ['! 1', 'int 1'], ['!!binary aGk=', '"hi"'], ['!!binary //8=', 'bytes ffff'],
    ['|\n  x\n  y\n\n', '"x\\ny\\n"'], ['|+\n  x\n\n', '"x\\n\\n"'], ['|-\n  x\n', '"x"'], ['>\n  a\n  b\n\n  c\n   d\n', '"a b\\nc\\n d\\n"'], ['|1\n  x\n', '" x\\n"'],
    ['one\n  two\n\n  three', '"one two\\nthree"'], ["'a\n\n  b'", '"a\\nb"'], ['"a \\\n   b"', '"a b"'],
  ])('%j is %s', (text, value) => {
    expect(read(`k: ${text}`)).toBe(`{k: ${value}}`)
  })
})

describe('structure', () => {
  it.each([
    ['{a: [1, {b: c}], "d":e, f}', '{a: [int 1, {b: "c"}], d: "e", f: null}'],
    ['k: [a: b, ? c : d]', '{k: [{a: "b"}, {c: "d"}]}'],
    ['? a\n: b\n? c\n', '{a: "b", c: null}'],
    ['k:\n- a\n- - b\n  - c\n-\n', '{k: ["a", ["b", "c"], null]}'],
    ['\ufeffa: 1\r\nb:\r\n  - x\r\n', '{a: int 1, b: ["x"]}'],
    ['a: 1\rb: 2\r', '{a: int 1, b: int 2}'],
    ['---\na: 1\n--- {}\n---\n---\nb: 2\n...\n', '{a: int 1} --- {} --- {} --- {b: int 2}'],
    ['a: &x {k: v}\nb: *x\nc:\n  <<: *x\n', '{a: {k: "v"}, b: {k: "v"}, c: {<<: {k: "v"}}}'],
    ['a: 1\n---\nb: 1\nb: 2\n', '{a: int 1} --- {b: int 1, b: int 2}'],
    ['# one\na: 1\n--- # two\n# three\nb: 2\n', '{C" one", a: int 1} --- {C" two", C" three", b: int 2}'],
    ['%TAG !e! tag:yaml.org,2002:\n---\na: !e!int "5"\n', '{a: int 5}'],
  ])('%j', (source, tree) => {
    expect(read(source)).toBe(tree)
  })

  it('keeps the sops entries of all documents apart', () => {
    const document = parseYaml(Buffer.from('a: 1\nsops:\n  mac: m\n  n: 2\n  l: [true, null]\n---\nb: 2\nsops: {}\n'))
    expect(document.tree.map(treeText)).toEqual(['{a: int 1}', '{b: int 2}'])
    expect(document.metadata).toEqual({ mac: 'm', n: 2n, l: [true, null] })
    expect(Object.getPrototypeOf(document.metadata)).toBeNull()
  })
})

describe('refusals say where, never what', () => {
  it.each<readonly [string, ErrorCode, number, number]>([
    ['a: secret: b', 'PARSE_FAILED', 1, 10],
    ['a: "secret', 'PARSE_FAILED', 1, 4],
    ['a: b\n c: d', 'PARSE_FAILED', 2, 3],
    ['a: [secret', 'PARSE_FAILED', 1, 11],
    ['a: *secret', 'PARSE_FAILED', 1, 4],
    ['a: &x [*x]', 'PARSE_FAILED', 1, 8],
    ['a: !!int secret', 'PARSE_FAILED', 1, 4],
    ['a: 1\n\ta: 2', 'PARSE_FAILED', 2, 1],
    ['%YAML 1.2\n---\na: 1', 'PARSE_FAILED', 1, 1],
    ['a: 1\n<<: 3', 'PARSE_FAILED', 2, 1],
    ['- secret', 'PARSE_ROOT', 1, 1],
    ['secret', 'PARSE_ROOT', 1, 1],
    ['a: 1\nb:\n  c: 1\n  "c": 2', 'PARSE_DUPLICATE_KEY', 4, 3],
    ['1: secret', 'KEY_NOT_STRING', 1, 1],
    ['? [a]\n: b', 'PARSE_FAILED', 1, 3],
    ['? 5\n: b', 'KEY_NOT_STRING', 1, 3],
    ['a: 1\nsops:\n  lastmodified: 2024-01-01T00:00:00Z', 'METADATA_INVALID', 3, 17],
  ])('%j', (source, code, line, column) => {
    const error = refusal(source)
    expect([error.code, error.line, error.column]).toEqual([code, line, column])
    expect(error.message).not.toContain('secret')
  })

  it('takes UTF-8 only', () => {
    expect(refusal(Uint8Array.of(0x61, 0x3a, 0x20, 0xff)).code).toBe('PARSE_ENCODING')
    expect(refusal('a: \0').code).toBe('PARSE_FAILED')
  })

  it('tells an empty file from one without a document', () => {
    expect(refusal('').code).toBe('PARSE_EMPTY')
    expect(refusal('# only\n').code).toBe('PARSE_FAILED')
  })
})

describe('hostile files', () => {
  const MEGABYTE = 1 << 20
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')}`

  it.each<readonly [string, string, ErrorCode]>([
    ['brackets', '['.repeat(MEGABYTE), 'PARSE_LIMIT'],
    ['braces', '{'.repeat(MEGABYTE), 'PARSE_LIMIT'],
    ['dashes', '- '.repeat(MEGABYTE / 2), 'PARSE_LIMIT'],
    ['question marks', '? '.repeat(MEGABYTE / 2), 'PARSE_LIMIT'],
    ['nested keys', Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}k:\n`).join('') + '\t', 'PARSE_FAILED'],
    ['anchors', '&a '.repeat(MEGABYTE / 3), 'PARSE_FAILED'],
    ['alias bomb', bomb, 'PARSE_LIMIT'],
    ['unclosed quote', `a: "${'x\n'.repeat(MEGABYTE / 2)}`, 'PARSE_FAILED'],
    ['flow keys without values', `[${'a b '.repeat(MEGABYTE / 4)}`, 'PARSE_FAILED'],
  ])('%s are refused in time', (_name, source, code) => {
    expect(refusal(source).code).toBe(code)
  }, 60_000)

  it.each([
    ['lines of one plain scalar', `a: ${'x\n  '.repeat(MEGABYTE / 4)}`],
    ['blank lines in a block scalar', `a: |+\n${'\n'.repeat(MEGABYTE)}`],
    ['empty elements with comments', `l:\n${'- #\n'.repeat(MEGABYTE / 4)}`],
    ['comments', '#\n'.repeat(MEGABYTE / 2) + 'a: 1'],
    ['comments that step back', `a:\n  b: 1\n${'  #\n#\n'.repeat(MEGABYTE / 6)}`],
    ['flow elements', `a: [${'x,'.repeat(MEGABYTE / 2)}]`],
    ['deep lists', `a: ${'['.repeat(9000)}${']'.repeat(9000)}`],
    ['blanks', `a: x${' '.repeat(MEGABYTE)}# c`],
  ])('%s are read in time', (_name, source) => {
    expect(parseYaml(Buffer.from(source)).tree).toHaveLength(1)
  }, 60_000)
})

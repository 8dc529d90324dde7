import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, Dict, renderTemplates, Template, TemplateError, TemplatesError } from '../src/index.ts'
import { bcrypt } from '../src/bcrypt.ts'

function failure(text: string, timeMs = 2000): string {
  try {
    Template.parse('key', text).execute(new Dict(new Map(), 'string'), { ...DEFAULT_LIMITS, timeMs })
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
  return 'no failure'
}

describe('hostile templates end in an error, soon and small', () => {
  it.each([
    ['{{ range 1000000000 }}x{{ end }}'],
    ['{{ range until 1000000000 }}{{ end }}'],
    ['{{ repeat 1000000000 "ab" }}'],
    ['{{ $x := "ab" }}{{ range 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}'],
    ['{{ $x := list 1 }}{{ range 60 }}{{ $x = concat $x $x }}{{ end }}'],
    ['{{ indent 1000000 (repeat 1000 "\\n") }}'],
    ['{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}'],
    ['{{ define "a" }}{{ template "a" . }}{{ template "a" . }}{{ end }}{{ template "a" . }}'],
    ['{{ range 100000 }}{{ bcrypt "x" }}{{ end }}'],
    ['{{ range 100 }}{{ genPrivateKey "rsa" }}{{ end }}'],
    ['{{ replace "" (repeat 100000 "x") (repeat 1000 "y") }}'],
    ['{{ printf "%999999d%999999d%999999d%999999d%999999d" 1 1 1 1 1 }}'],
    [`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`],
    ['{{ if 1 }}'.repeat(5000) + '{{ end }}'.repeat(5000)],
    ['{{ randAlpha 1000000000 }}'],
    ['{{ untilStep 0 1000000000 1 | len }}'],
    ['{{ range 100000 }}{{ $x := genCA "x" 1 }}{{ end }}'],
    ['{{ $key := genPrivateKey "ecdsa" }}{{ range 100000 }}{{ $x := genCAWithKey "x" 1 $key }}{{ end }}'],
    ['{{ $text := repeat 2000000 "1" }}{{ range 1000 }}{{ $x := int $text }}{{ end }}'],
    ['{{ $text := repeat 2000000 "a" }}{{ range 1000 }}{{ $x := decryptAES "k" (encryptAES "k" $text) }}{{ end }}'],
    ['{{ $text := repeat 250000 "1.2.3 || " }}{{ range 1000 }}{{ $x := semverCompare (print $text "1") "9.9.9" }}{{ end }}'],
    ['{{ $x := uniq (until 100000) }}'],
    ['{{ $list := until 20000 }}{{ range 100 }}{{ $x := without $list $list }}{{ end }}{{ range 1000 }}{{ $x := has -1 $list }}{{ end }}{{ fail "" }}'],
    ['{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}'],
    ['{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ quote $x }}'],
    ['{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ deepEqual $x $x }}'],
    ['{{ $x := dict }}{{ $_ := set $x "x" $x }}{{ $x }}'],
    ['{{ $x := repeat 2000000 "a" }}{{ range 6 }}{{ $x = join "," (list $x $x $x $x) }}{{ end }}'],
    ['{{ regexMatch "(a|b|c){0,900}d" (repeat 1000000 "a") }}'],
    ['{{ range 2000000 }}{{ $x := wrapWith 1 "" (repeat 2000000 "a") }}{{ end }}'],
  ])('%j', (text) => {
    const started = performance.now()
    expect(failure(text)).toMatch(/^(parse|execute) template: key/)
    expect(performance.now() - started).toBeLessThan(60_000)
  })

  it.each([
    '{{ regexMatch "(a*)*b" (repeat 50000 "a") }}',
    '{{ snakecase (repeat 1000000 "A") }}',
    '{{ semverCompare (print "1" (repeat 1000000 " ") "2") "1.2.3" }}',
    '{{ float64 (print (repeat 1000000 "1") "x") }}',
  ])('text that is searched takes a time that grows with it: %j', (text) => {
    expect(failure(text, 60_000)).toBe('no failure')
  })

  it('a source of megabytes is read in a time that grows with it', () => {
    expect(failure('{{/**/}}'.repeat(260_000), 60_000)).toBe('no failure')
  })

  it('has no way to the environment, files or the network', () => {
    for (const name of ['env', 'expandenv', 'getHostByName', 'include', 'tpl', 'lookup', 'readFile']) {
      expect(failure(`{{ ${name} "x" }}`)).toBe(`parse template: key:1: function "${name}" not defined`)
    }
    expect(failure('{{ .constructor }}{{ .__proto__ }}{{ (dict).toString }}')).toBe('no failure')
  })
})

describe('renderTemplates', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const texts = (rendered: Map<string, Uint8Array>): Record<string, string> => Object.fromEntries([...rendered].map(([k, v]) => [k, new TextDecoder().decode(v)]))

  it('sees the texts of siblings unrendered, and lets decrypted items win', () => {
    const templates = new Map([['url', 'u={{ .user }} s={{ .sibling }}'], ['sibling', '{{ .user }}'], ['user', 'ignored']])
    expect(texts(renderTemplates(templates, new Map([['user', bytes('bob')]])))).toEqual({ url: 'u=bob s={{ .user }}', sibling: 'bob' })
  })

  it('passes bytes that are no UTF-8 through', () => {
    const raw = Uint8Array.of(0xff, 0x00, 0xc3, 0x28)
    expect(renderTemplates(new Map([['copy', '{{ .raw }}']]), new Map([['raw', raw]])).get('copy')).toEqual(Buffer.from(raw))
  })

  it('tells of every template that fails', () => {
    const templates = new Map([['b', '{{ fail "no" }}'], ['a', '{{ if }}'], ['c', 'fine']])
    expect(() => renderTemplates(templates, new Map())).toThrow(TemplatesError)
    try {
      renderTemplates(templates, new Map())
    } catch (error) {
      expect((error as TemplatesError).failures).toEqual(new Map([['a', 'template: a:1: missing value for if'], ['b', 'template: b:1:3: executing "b" at <fail "no">: error calling fail: no']]))
    }
  })

  it('bounds all templates together', () => {
    const many = (count: number, text: string): Map<string, string> => new Map(Array.from({ length: count }, (_, n) => [`t${String(n).padStart(2, '0')}`, text]))
    const failuresOf = (templates: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
      try {
        renderTemplates(templates, new Map(), { ...DEFAULT_LIMITS, timeMs: 60_000 })
      } catch (error) {
        if (error instanceof TemplatesError) return error.failures
        throw error
      }
      return new Map()
    }
    expect(failuresOf(many(10, '{{ range 100000 }}{{ end }}')).size).toBe(0)
    const steps = failuresOf(many(50, '{{ range 100000 }}{{ end }}'))
    expect([...steps.values()].at(-1)).toBe('template: t49: the template takes too many steps')
    expect(steps.size).toBeGreaterThan(25)
    expect(failuresOf(many(3, '{{ repeat 900000 "x" }}'))).toEqual(new Map([['t02', 'template: t02: the output is too large']]))
  })

  it('names the template that fails', () => {
    expect(() => renderTemplates(new Map([['b', '{{ fail "no" }}'], ['a', 'fine']]), new Map())).toThrow('execute template: b:1:3: executing "b" at <fail "no">: error calling fail: no')
  })
})

describe('bcrypt', () => {
  it('gives the published hashes', () => {
    // jBCrypt's test vectors: password "a", salt m0CrhHm10qJ3lXRY.5zDGO at cost 6
    const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
    const bits = [...'m0CrhHm10qJ3lXRY.5zDGO'].map((c) => alphabet.indexOf(c).toString(2).padStart(6, '0')).join('')
    const salt = Uint8Array.from({ length: 16 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8), 2))
    expect(bcrypt(new TextEncoder().encode('a'), salt, () => {}, 6)).toBe('$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe')
  })
})

/**
 * Arguments at the edge of what functions take, as Go 1.26 with sprig 3.3.0 answered to them.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { renderTemplates, TemplatesError } from '../src/index.ts'

function rendered(text: string): string {
  try {
    return Buffer.from(renderTemplates(new Map([['key', text]]), new Map()).get('key') ?? []).toString()
  } catch (error) {
    if (error instanceof TemplatesError) return error.failures.get('key') ?? ''
    throw error
  }
}

const NIL = 'runtime error: invalid memory address or nil pointer dereference'

describe('odd arguments', () => {
  it.each([
    ['{{ round 2.5 0 }} {{ round 2.3 0 }} {{ round -2.5 0 }} {{ round -2.3 0 }} {{ round -2.5 -1 }}', '3 2 -3 -3 -10'],
    ['{{ randAlpha -1 }}{{ randNumeric 0 }}', ''],
    ['{{ chunk -3 (list 1 2) }}', '[]'],
    ['{{ eq 1 2 1 "x" }} {{ eq (list) nil }} {{ eq nil nil }}', 'true false true'],
  ])('give %j', (text, result) => {
    expect(rendered(text)).toBe(result)
  })

  it.each([
    ['chunk 0 (list 1 2)', 'chunk', 'runtime error: makeslice: len out of range'],
    ['mustChunk 0 (list)', 'mustChunk', 'runtime error: makeslice: len out of range'],
    ['chunk 1 nil', 'chunk', NIL],
    ['slice nil 0', 'slice', NIL],
    ['concat nil', 'concat', NIL],
    ['substr -1 -1 "abc"', 'substr', 'runtime error: slice bounds out of range [:-1]'],
    ['index "abc" 3', 'index', 'reflect: string index out of range'],
    ['eq (list) 0', 'eq', 'incompatible types for comparison: []interface {} and int'],
    ['ne (list 1) (list 2)', 'ne', 'non-comparable type [%!s(int=2)]: []interface {}'],
    ['eq (dict) (list 3)', 'eq', 'non-comparable types map[]: map[string]interface {}, []interface {}: [3]'],
    ['fail "é,日"', 'fail', 'é,日'],
    ['mustFromJson "é"', 'mustFromJson', "invalid character 'Ã' looking for beginning of value"],
  ])('are told: %s', (call, name, message) => {
    expect(rendered(`{{ ${call} }}`)).toBe(`template: key:1:3: executing "key" at <${call}>: error calling ${name}: ${message}`)
  })

  it('are told in letters of any script where a template cannot be read', () => {
    expect(rendered('{{ template "日" }}')).toBe('template: key:1:12: executing "key" at <{{template "日"}}>: template "日" not defined')
    expect(rendered('{{ $é }}')).toBe('template: key:1: undefined variable "$é"')
  })
})

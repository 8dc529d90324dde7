/**
 * JSON texts: values in several spellings, in the layouts that people and programs write.
 * @module
 */
import * as fc from 'fast-check'
import { key, text } from './texts.ts'

interface Style {
  readonly indent: string | null
  readonly colon: string
  readonly lineEnd: string
  readonly tail: string
}

const NUMBERS = ['0', '-0', '-0.0', '7', '-42', '1.0', '1.50', '1e3', '1E-7', '0.1', '123456789.5', '9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '1e21', '1e400', '5e-324']
const ESCAPES = ['"\\u0041"', '"\\/"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u2028"', '"<&>"', '"\\u003c\\u0026\\u003e"', '"\\b\\f\\n\\r\\t"', '"\\u0000"', '"\\u007f"']

const scalar = fc.oneof(
  { weight: 5, arbitrary: text.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom(...ESCAPES) },
  { weight: 2, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 2, arbitrary: fc.constantFrom('true', 'false', 'null', '""', '[]', '{}', '[ ]', '{ }') },
)
const quotedKey = key.map((name) => JSON.stringify(name))

interface Value {
  readonly kind: 'leaf' | 'list' | 'map'
  readonly leaf: string
  readonly items: readonly Value[]
  readonly entries: readonly (readonly [string, Value])[]
}
const leafOf = (leaf: string): Value => ({ kind: 'leaf', leaf, items: [], entries: [] })
const { map } = fc.letrec<{ map: Value; value: Value }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, { weight: 4, arbitrary: scalar.map(leafOf) }, { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }).map((items): Value => ({ ...leafOf(''), kind: 'list', items })) }, { weight: 1, arbitrary: tie('map') }),
  map: fc.array(fc.tuple(quotedKey, tie('value')), { maxLength: 6 }).map((entries): Value => ({ ...leafOf(''), kind: 'map', entries })),
}))

const style: fc.Arbitrary<Style> = fc.record({
  indent: fc.constantFrom('  ', '    ', '\t', '', null),
  colon: fc.constantFrom(': ', ': ', ':', ' : '),
  lineEnd: fc.constantFrom('\n', '\n', '\n', '\r\n'),
  tail: fc.oneof({ weight: 12, arbitrary: fc.constantFrom('\n', '', '\n\n', ' ') }, { weight: 1, arbitrary: fc.constantFrom(' x', '{}') }),
})

export const jsonText: fc.Arbitrary<Uint8Array> = fc.tuple(map, style).map(([root, layout]) => Buffer.from(render(root, layout, '') + layout.tail))

function render({ kind, leaf, items, entries }: Value, layout: Style, outer: string): string {
  if (kind === 'leaf') return leaf
  const inner = layout.indent === null ? '' : outer + layout.indent
  const parts = kind === 'list' ? items.map((item) => render(item, layout, inner)) : entries.map(([name, value]) => name + layout.colon + render(value, layout, inner))
  const [open, close] = kind === 'list' ? ['[', ']'] : ['{', '}']
  if (parts.length === 0) return open + close
  if (layout.indent === null) return open + parts.join(layout.colon === ':' ? ',' : ', ') + close
  return open + layout.lineEnd + parts.map((part) => inner + part).join(`,${layout.lineEnd}`) + layout.lineEnd + outer + close
}

/**
 * YAML texts: every style of scalar and collection, comments in every position, anchors, tags, several documents.
 * @module
 */
import * as fc from 'fast-check'
import { comment, key, text } from './texts.ts'

/** Of plain scalars, with and without a type of their own. */
const SPELLINGS = [
  'word', 'two words', 'true', 'TRUE', 'False', 'yes', 'null', '~', '', '0', '-1', '+5', '017', '08', '0x1F', '0o17', '0b11', '1_000', '1.10', '1e3', '1.0', '-0.0', '.5', '5.', '.inf', '-.inf', '.nan', '123456789.5',
  '12345678901234567890123.5', '9223372036854775807', '18446744073709551615', '1e400', '2024-01-01', '2024-01-01T10:00:00.10Z', '2024-01-01 10:00:00', '2001-12-14t21:59:43.10-05:00', '1:20', 'a:b', 'x#y', '<<', '=',
  'http://x/?a=b&c', 'ENC[nothing]', 'ключ', 'it\'s', 'a "b"', '\\n', '--x', '...x', '!!str 123', '!custom x', '!!binary aGVsbG8=', '!!binary //79', '!!float 3', '!!int "3"', '!!bool "true"', '! 12',
]
const FLOW_SPELLINGS = ['word', 'two words', 'true', '1.10', '~', '2024-01-01', 'x#y', '-1', "'q'", '"d"', '!!str 1']

type Style = 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'lines' | 'alias'
interface Scalar {
  readonly kind: 'scalar'
  readonly style: Style
  readonly text: string
  readonly chomping: string
}
interface Item {
  readonly above: readonly string[]
  readonly blank: boolean
  readonly key: string
  readonly explicit: boolean
  readonly anchor: boolean
  readonly value: Node
  readonly beside: string | null
}
interface Collection {
  readonly kind: 'map' | 'list'
  readonly flow: boolean
  readonly items: readonly Item[]
  readonly below: readonly string[]
}
type Node = Scalar | Collection

interface Layout {
  readonly step: number
  readonly listStep: number
  readonly lineEnd: string
  readonly start: string
  readonly between: string
  readonly end: string
}

const scalar: fc.Arbitrary<Scalar> = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: fc.tuple(fc.constant<Style>('plain'), fc.constantFrom(...SPELLINGS)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant<Style>('double'), text) },
      { weight: 2, arbitrary: fc.tuple(fc.constant<Style>('single'), text) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom<Style>('literal', 'folded'), text) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom<Style>('lines', 'alias'), fc.constant('words')) },
    ),
    fc.constantFrom('', '-', '+'),
  )
  .map(([[style, words], chomping]) => ({ kind: 'scalar', style, text: words, chomping }))

const { root } = fc.letrec<{ node: Node; item: Item; root: Collection; collection: Collection }>((tie) => ({
  node: fc.oneof({ maxDepth: 4, depthSize: 'small' }, { weight: 5, arbitrary: scalar }, { weight: 2, arbitrary: tie('collection') }),
  item: fc.record({
    above: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(comment, { maxLength: 2 }) }),
    blank: fc.nat({ max: 7 }).map((n) => n === 0),
    key,
    explicit: fc.nat({ max: 40 }).map((n) => n === 0),
    anchor: fc.nat({ max: 9 }).map((n) => n === 0),
    value: tie('node'),
    beside: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: comment }),
  }),
  collection: fc.tuple(fc.constantFrom<'map' | 'list'>('map', 'list'), fc.nat({ max: 4 }), fc.array(tie('item'), { maxLength: 4 }), below(6)).map(([kind, flow, items, under]) => ({ kind, flow: flow === 0, items, below: under })),
  root: fc.tuple(fc.nat({ max: 14 }), fc.array(tie('item'), { minLength: 1, maxLength: 6 }), below(3)).map(([flow, items, under]) => ({ kind: 'map', flow: flow === 0, items, below: under })),
}))

function below(rarity: number): fc.Arbitrary<readonly string[]> {
  return fc.oneof({ weight: rarity, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(comment, { minLength: 1, maxLength: 2 }) })
}

const layout: fc.Arbitrary<Layout> = fc.record({
  step: fc.constantFrom(2, 2, 4, 4, 1, 3, 8),
  listStep: fc.constantFrom(0, 2, 4),
  lineEnd: fc.oneof({ weight: 12, arbitrary: fc.constant('\n') }, { weight: 1, arbitrary: fc.constant('\r\n') }),
  start: fc.oneof({ weight: 10, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom('---\n', '# first\n---\n', '%YAML 1.1\n---\n', '\ufeff', '\n', '--- # beside\n') }),
  between: fc.constantFrom('---\n', '---\n', '...\n---\n', '# foot\n---\n# head\n'),
  end: fc.oneof({ weight: 10, arbitrary: fc.constantFrom('\n', '\n', '') }, { weight: 1, arbitrary: fc.constantFrom('\n...\n', '\n\n\n', '\n---\n', '\n# last\n') }),
})

const documents = fc.oneof(
  { weight: 9, arbitrary: root.map((one): readonly (Collection | null)[] => [one]) },
  { weight: 1, arbitrary: fc.array(fc.option(root, { freq: 6 }), { minLength: 2, maxLength: 3 }) },
)

export const yamlText: fc.Arbitrary<Uint8Array> = fc.tuple(documents, layout).map(([roots, style]) => {
  const body = roots.map((one) => (one === null ? [] : new Writer(style).root(one)).join('\n')).join(`\n${style.between}`)
  return Buffer.from((style.start + body + style.end).replaceAll('\n', style.lineEnd))
})

class Writer {
  readonly #style: Layout
  #anchors = 0

  constructor(style: Layout) {
    this.#style = style
  }

  root(map: Collection): string[] {
    return map.flow ? [this.#flow(map)] : this.#block(map, 0)
  }

  #block({ kind, items, below: under }: Collection, column: number): string[] {
    const pad = ' '.repeat(column)
    const lines = items.flatMap((item) => [
      ...(item.blank ? [''] : []),
      ...item.above.map((words) => `${pad}#${words}`),
      ...(kind === 'map' ? this.#entry(item, column) : this.#element(item, column)),
    ])
    return [...lines, ...under.map((words) => `${pad}#${words}`)]
  }

  #entry(item: Item, column: number): string[] {
    const pad = ' '.repeat(column)
    const name = keyText(item.key)
    const lead = item.explicit || name.length > 100 ? `${pad}? ${name}\n${pad}:` : `${pad}${name}:`
    return this.#value(item, lead, column, item.value.kind === 'list' ? column + this.#style.listStep : column + this.#style.step)
  }

  /** The first entry of a map, or the first element of a list, stands on the dash's line if nothing stands above it. */
  #element(item: Item, column: number): string[] {
    const lead = `${' '.repeat(column)}-`
    const { value } = item
    const [first] = value.kind === 'scalar' ? [] : value.items
    if (value.kind === 'scalar' || value.flow || first === undefined || first.blank || first.above.length > 0 || item.anchor || item.beside !== null) return this.#value(item, lead, column, column + 2)
    const [line = '', ...lines] = this.#block(value, column + 2)
    return [`${lead} ${line.slice(column + 2)}`, ...lines]
  }

  #value({ value, anchor, beside }: Item, lead: string, column: number, inner: number): string[] {
    const behind = beside === null ? '' : ` #${beside}`
    const isAlias = value.kind === 'scalar' && value.style === 'alias'
    const mark = anchor && !isAlias ? ` &n${this.#anchors + 1}` : ''
    let lines: string[]
    if (value.kind === 'scalar') {
      lines = this.#scalar(value, lead + mark, behind, column)
    } else if (value.flow || value.items.length === 0) {
      lines = [`${lead}${mark} ${this.#flow(value)}${behind}`, ...(value.items.length === 0 ? value.below.map((words) => `${' '.repeat(inner)}#${words}`) : [])]
    } else {
      lines = [lead + mark + behind, ...this.#block(value, inner)]
    }
    if (mark !== '') this.#anchors += 1
    return lines
  }

  #scalar({ style, text: words, chomping }: Scalar, lead: string, behind: string, column: number): string[] {
    const inner = column + this.#style.step
    switch (style) {
      case 'plain': return [`${lead}${words === '' ? '' : ` ${words}`}${behind}`]
      case 'double': return [`${lead} ${JSON.stringify(words)}${behind}`]
      case 'single': return [`${lead} ${singleQuoted(words)}${behind}`]
      case 'lines': return [`${lead} several`, `${' '.repeat(inner)}${words}`, `${' '.repeat(inner)}more${behind}`]
      case 'alias': return [`${lead} ${this.#anchors === 0 ? '' : `*n${this.#anchors}`}${behind}`]
      default: {
        const lines = words.replaceAll(/[^\n\t\x20-\x7e\xa0-\ud7ff]/g, '?').split('\n')
        const indicator = lines.find((line) => line !== '')?.startsWith(' ') ? String(this.#style.step) : ''
        return [`${lead} ${style === 'literal' ? '|' : '>'}${indicator}${chomping}${behind}`, ...lines.map((line) => (line === '' ? '' : ' '.repeat(inner) + line))]
      }
    }
  }

  #flow({ kind, items }: Collection): string {
    const parts = items.map(({ key: name, value }) => (kind === 'map' ? `${keyText(name)}: ` : '') + this.#flowValue(value))
    return kind === 'map' ? `{${parts.join(', ')}}` : `[${parts.join(', ')}]`
  }

  #flowValue(value: Node): string {
    if (value.kind !== 'scalar') return this.#flow(value)
    if (value.style === 'double') return JSON.stringify(value.text)
    if (value.style === 'single') return singleQuoted(value.text)
    if (value.style === 'alias' && this.#anchors > 0) return `*n${this.#anchors}`
    return FLOW_SPELLINGS[value.text.length % FLOW_SPELLINGS.length] ?? ''
  }
}

function keyText(name: string): string {
  return /^[a-zа-я][\w.ж-я-]*$/i.test(name) && !/^(?:yes|no|on|off|true|false|null|y|n)$/i.test(name) ? name : JSON.stringify(name)
}

function singleQuoted(words: string): string {
  return `'${words.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ').replaceAll("'", "''")}'`
}

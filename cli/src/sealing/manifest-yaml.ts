/**
 * JSON values as YAML, in the layout of Kubernetes' tools: sorted keys, lists at the column of their key, long lines folded.
 * Follows: sigs.k8s.io/yaml over go.yaml.in/yaml/v2 2.4.4 (sorter.go, encode.go, emitterc.go).
 * @module
 */
import { doubleQuoted, isSimpleKey, literalBlock, singleQuoted, stringStyle } from '@waxseal/formats'

const STEP = 2
/** A line is folded at the first blank behind this column. */
const WIDTH = 80
const LETTER = /^\p{L}$/u
const DIGIT = /^\p{Nd}$/u

/** @param value - what `JSON.parse` can give; the numbers must be finite */
export function manifestYaml(value: unknown): string {
  return `${blockText(value, 0).trimStart()}\n`
}

/** Starts with the separator from what stands before it: a space, or a line break where a block begins. */
function blockText(value: unknown, column: number): string {
  if (Array.isArray(value)) return value.length === 0 ? ' []' : value.map((item) => `\n${listItem(item, column)}`).join('')
  if (typeof value !== 'object' || value === null) return ` ${scalarText(value, column)}`
  const entries = Object.entries(value).sort(([a], [b]) => compareKeys(a, b))
  if (entries.length === 0) return ' {}'
  return entries.map(([key, item]) => `\n${' '.repeat(column)}${mapEntry(key, item, column)}`).join('')
}

function mapEntry(key: string, value: unknown, column: number): string {
  const start = isSimpleKey(key) ? keyText(key) : `? ${keyText(key)}\n${' '.repeat(column)}`
  // A list stands at its key's own column.
  const text = Array.isArray(value) ? blockText(value, column) : blockText(value, column + STEP)
  if (typeof value !== 'string') return `${start}:${text}`
  return `${start}: ${stringText(value, column + start.length + 2, column)}`
}

function listItem(value: unknown, column: number): string {
  const text = typeof value === 'string' ? ` ${stringText(value, column + STEP, column)}` : blockText(value, column + STEP)
  // The first line of a nested block stands behind the dash.
  return `${' '.repeat(column)}- ${text.trimStart()}`
}

function keyText(key: string): string {
  const style = stringStyle(key, { key: true })
  if (style === 'double') return doubleQuoted(key)
  return style === 'single' ? singleQuoted(key) : key
}

function scalarText(value: unknown, column: number): string {
  return typeof value === 'string' ? stringText(value, column, Math.max(column - STEP, 0)) : String(value)
}

/**
 * @param start - column of its first character
 * @param parent - column of the map or list that holds it
 */
function stringText(text: string, start: number, parent: number): string {
  const body = parent + STEP
  switch (stringStyle(text)) {
    case 'literal':
      if (!text.includes('\t')) return literalBlock(text, { body, parent }) // this emitter takes a tab for a special character
      return foldDoubleQuoted(doubleQuoted(text), start, body)
    case 'double':
      return foldDoubleQuoted(doubleQuoted(text), start, body)
    case 'single':
      return fold(singleQuoted(text, { body }), start, body)
    default:
      return fold(text, start, body)
  }
}

/** Breaks at single blanks, which read back as one blank; not beside the quotes. */
function fold(text: string, start: number, body: number): string {
  const edge = text.startsWith("'") ? 1 : 0
  let folded = ''
  let column = start
  for (let at = 0; at < text.length; at++) {
    const isAlone = text[at] === ' ' && text[at - 1] !== ' ' && text[at + 1] !== ' ' && at > edge && at < text.length - 1 - edge
    if (isAlone && column > WIDTH) {
      folded += `\n${' '.repeat(body)}`
      column = body
    } else {
      folded += text[at]
      column = text[at] === '\n' ? 0 : column + 1
    }
  }
  return folded
}

/** Breaks before any blank but the first and last character; a second blank is kept by a backslash. */
function foldDoubleQuoted(text: string, start: number, body: number): string {
  let folded = ''
  let column = start
  for (let at = 0; at < text.length; at++) {
    const isBlank = text[at] === ' ' && text[at - 1] !== ' ' && at > 1 && at < text.length - 2
    if (isBlank && column > WIDTH) {
      folded += `\n${' '.repeat(body)}${text[at + 1] === ' ' ? '\\' : ''}`
      column = body
    } else {
      folded += text[at]
      column++
    }
  }
  return folded
}

/** Numbers within keys in numeric order, letters behind everything else. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((char, place) => char !== right[place])
  if (at < 0) return left.length - right.length
  const [l, r] = [left[at], right[at]]
  if (l === undefined || r === undefined) return left.length - right.length
  const [isLetter, isOtherLetter] = [LETTER.test(l), LETTER.test(r)]
  if (isLetter && isOtherLetter) return codePoint(l) - codePoint(r)
  if (isLetter || isOtherLetter) return isOtherLetter ? -1 : 1
  const inNumber = (l === '0' || r === '0') && hasDigitBefore(left, at)
  const [one, other] = [numberAt(left, at, inNumber), numberAt(right, at, inNumber)]
  if (one.value !== other.value) return one.value < other.value ? -1 : 1
  return one.end - other.end || codePoint(l) - codePoint(r)
}

/** A digit other than zero in the number that both keys have in common up to here. */
function hasDigitBefore(chars: readonly string[], end: number): boolean {
  for (let at = end - 1; at >= 0 && DIGIT.test(chars[at] ?? ''); at--) if (chars[at] !== '0') return true
  return false
}

function numberAt(chars: readonly string[], start: number, inNumber: boolean): { readonly value: bigint; readonly end: number } {
  let value = inNumber ? 1n : 0n
  let end = start
  for (; end < chars.length && DIGIT.test(chars[end] ?? ''); end++) value = BigInt.asIntN(64, value * 10n + BigInt(codePoint(chars[end] ?? '0') - 0x30))
  return { value, end }
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0
}

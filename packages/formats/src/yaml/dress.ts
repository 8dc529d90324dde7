/**
 * A scalar's new content in the dress of the old: quotes stay, a block scalar keeps its header, a plain scalar is SOPS's own text.
 * What the dress cannot hold goes into the next that can.
 * Follows: what sops 3.13.2 reads back at each place (tokens in flow collections need quotes, tags of types must go).
 * @module
 */
import { CodedError, type Value } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { isBlank, isBreak } from './characters.ts'
import { Cursor } from './cursor.ts'
import { afterBreak, lineEnd, nextStop, type Layout } from './lines.ts'
import { resolvePlain } from './resolve.ts'
import { canBeLiteral, canBePlain, canBeSingleQuoted, doubleQuoted, literalBlock, scalarText, singleQuoted, type ScalarPlace } from './scalar-text.ts'
import { scanBlockScalar } from './scan-scalar.ts'
import { isReadable, sourceOf } from './source.ts'
import { itemAt, NO_PROPERTIES, ScalarSyntax, type CollectionSyntax } from './syntax.ts'
import type { BlockScalar } from './token.ts'

/** With one of these, a reader takes the text for something else than a string. */
export const TYPE_TAGS = new Set(['!!null', '!!bool', '!!int', '!!float', '!!timestamp', '!!binary'])
const LIST_STEP = 2 // the width of "- "

export interface Dressing extends Layout {
  /** Where the result will end without a line break; -1 if it ends with one. */
  readonly bareEnd: number
}

export function scalarPlace(parent: CollectionSyntax | null, { step }: Layout): ScalarPlace {
  if (parent === null) return { body: step, parent: 0 }
  if (parent.flow) return { body: 0, parent: 0, flow: true }
  const body = parent.kind === 'list' ? parent.column + LIST_STEP : nextStop(parent.column, step)
  return { body, parent: parent.column }
}

/** @param token - one line that needs no escapes */
export function dressToken(syntax: ScalarSyntax, token: string, dressing: Dressing): Replacement[] {
  if (isBare(syntax)) return [{ start: syntax.start, end: syntax.end, text: token + gapBefore(dressing.text, syntax.end) }]
  const tag = TYPE_TAGS.has(syntax.properties.tagName) ? dropTag(syntax, dressing) : []
  const { style, block, text } = afterToken(syntax, dressing, token)
  if (block !== null) return [...tag, putBlockBody(syntax, block, ' '.repeat(bodyColumn(syntax, block, dressing)) + token, dressing)]
  const quote = style === 'double' ? '"' : style === 'single' ? "'" : ''
  return [...tag, ...putText(syntax, quote + text + quote, dressing)]
}

/** Nothing but its own text, as most values: what takes its place needs no dress. */
function isBare({ style, block, start, end, parent, properties }: ScalarSyntax): boolean {
  return style === 'plain' && block === null && start < end && properties === NO_PROPERTIES && parent?.flow === false
}

/** The scalar that a token makes of another one, at the same place. */
export function afterToken(syntax: ScalarSyntax, dressing: Dressing, token = 'ENC[]'): ScalarSyntax {
  const { parent, style, block, properties: { anchor, tag, tagName } } = syntax
  const properties = TYPE_TAGS.has(tagName) ? { anchor, tag: null, tagName: '' } : { anchor, tag, tagName }
  if (isOwnSpelling(syntax, dressing)) return new ScalarSyntax(parent, properties, syntax, token)
  if (!parent?.flow) return new ScalarSyntax(parent, properties, syntax, token, style, block)
  const mark = style === 'single' && !standsForPlain(syntax) ? SINGLE_MARK : ''
  return new ScalarSyntax(parent, properties, syntax, token + mark, style === 'double' ? style : 'single')
}

/**
 * In a flow collection a plain token is refused, so a token in single quotes stands for plain text there. One that was in single quotes
 * without need has a blank behind it: every reader ignores what follows a token's `]`.
 */
const SINGLE_MARK = ' '

function standsForPlain(syntax: ScalarSyntax): boolean {
  return isToken(syntax) ? !syntax.text.endsWith(SINGLE_MARK) : !canBePlain(syntax.text, { flow: true })
}

function isToken({ text }: ScalarSyntax): boolean {
  return text.startsWith('ENC[')
}

/**
 * A scalar in a block collection that SOPS itself would write just so, be it a literal block or quoted: a plain token comes back as this very
 * text. So a file of SOPS's keeps its lines when its plaintext was edited.
 */
function isOwnSpelling(syntax: ScalarSyntax, dressing: Dressing): boolean {
  const { block, style, parent, properties, start } = syntax
  if (style === 'plain' || parent?.flow || properties.tagName !== '' || isToken(syntax)) return false
  const end = block === null ? syntax.end : Math.max(block.bodyEnd, block.headerEnd)
  if (block !== null && (end === dressing.bareEnd || !hasBody(syntax, block))) return false
  return toLines(scalarText(syntax.text, scalarPlace(parent, dressing)), dressing) === dressing.text.slice(start, end)
}

export function dressValue(syntax: ScalarSyntax, value: Value, dressing: Dressing): Replacement[] {
  const { tagName } = syntax.properties
  const text = typeof value === 'string' ? dressString(syntax, value, dressing) : scalarText(value, scalarPlace(syntax.parent, dressing))
  const tagStays = typeof value === 'string' && !TYPE_TAGS.has(tagName) && !text.startsWith('!!')
  return [...(tagName === '' || tagStays ? [] : dropTag(syntax, dressing)), ...putText(syntax, text, dressing)]
}

/** Lines are separated by LF; the first may be a block scalar's header. */
export function dressString(syntax: ScalarSyntax, text: string, dressing: Dressing): string {
  const place = scalarPlace(syntax.parent, dressing)
  const { style, block, properties } = syntax
  const end = block === null ? syntax.end : hasBody(syntax, block) ? block.bodyEnd : lineEnd(dressing.text, block.headerEnd)
  if (style === 'single' && place.flow && isToken(syntax) && standsForPlain(syntax) && canBePlain(text, place)) return text
  if (style === 'single' && canBeSingleQuoted(text)) return singleQuoted(text)
  if (style === 'single' || style === 'double') return withRawAstral(doubleQuoted(text))
  if (block !== null) {
    const column = bodyColumn(syntax, block, dressing)
    const header = dressing.text.slice(syntax.start, block.headerEnd)
    const same = `${header}\n${blockBody(text, style === 'folded', block.chomping !== '-', column)}`
    const other = canBeLiteral(text) ? literalBlock(text, { ...place, body: column }) : same
    for (const candidate of [same, other]) if (holds(candidate, text, syntax.parent, end, dressing)) return candidate
  }
  const isTagged = properties.tagName !== '' && !TYPE_TAGS.has(properties.tagName)
  if (isTagged && text !== '' && (canBePlain(text, place) || typeof resolvePlain(text) !== 'string')) return text
  return freshScalar(text, syntax.parent, end, dressing)
}

/** SOPS's own text, unless that is a block scalar that would swallow what follows. */
export function freshScalar(value: Value, parent: CollectionSyntax | null, end: number, dressing: Dressing): string {
  const own = scalarText(value, scalarPlace(parent, dressing))
  if (typeof value !== 'string' || !own.startsWith('|')) return own
  return holds(own, value, parent, lineEnd(dressing.text, end), dressing) ? own : doubleQuoted(value)
}

/** Emoji and the like: SOPS escapes them, people do not. */
function withRawAstral(quoted: string): string {
  return quoted.replace(/\\(?:U([0-9A-F]{8})|.)/g, (escape: string, code: string | undefined) =>
    code === undefined ? escape : String.fromCodePoint(Number.parseInt(code, 16)),
  )
}

function bodyColumn(syntax: ScalarSyntax, block: BlockScalar, dressing: Dressing): number {
  return block.indicator > 0 || hasBody(syntax, block) ? block.indent : scalarPlace(syntax.parent, dressing).body
}

function hasBody({ text }: ScalarSyntax, { bodyStart, bodyEnd }: BlockScalar): boolean {
  return bodyEnd > bodyStart || text !== ''
}

/** The lines below a header, without the break that ends the last. In folded text, a break needs an empty line. */
function blockBody(text: string, folded: boolean, endsWithBreak: boolean, column: number): string {
  const content = endsWithBreak && text.endsWith('\n') ? text.slice(0, -1) : text
  const lines = (folded ? content.replace(/\n(?=[^\n])/g, '\n\n') : content).split('\n')
  return lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line)).join('\n')
}

/**
 * Whether a block scalar reads back as this very text at its place.
 * @param end - where its last line will end
 */
function holds(blockScalar: string, text: string, parent: CollectionSyntax | null, end: number, { text: source, bareEnd }: Dressing): boolean {
  if (!isReadable(blockScalar)) return false
  const tail = end === bareEnd ? '' : `\n${linesToNext(source, afterBreak(source, end))}\n.`
  try {
    return scanBlockScalar(new Cursor(sourceOf(blockScalar + tail)), parent?.column ?? -1, () => {}).text === text
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

/** Blank lines and the first character of what follows them: they can become part of a block scalar. */
function linesToNext(text: string, start: number): string {
  let end = start
  while (isBlank(text.charCodeAt(end)) || isBreak(text.charCodeAt(end))) end += 1
  return text.slice(start, end + (text.charCodeAt(end) === 0 ? 0 : 1))
}

/** With the blanks behind it. */
function dropTag({ properties: { tag, anchor }, start }: ScalarSyntax, { text }: Dressing): Replacement[] {
  if (tag === null) return []
  const next = anchor !== null && anchor.start > tag.start ? anchor.start : start
  let { end } = tag
  while (end < next && isBlank(text.charCodeAt(end))) end += 1
  return [{ start: tag.start, end, text: '' }]
}

/** New text in the place of the old: a first line, and lines below that follow whatever else stands on it. */
function putText(syntax: ScalarSyntax, text: string, dressing: Dressing): Replacement[] {
  const { block, start } = syntax
  const { text: source } = dressing
  if (lacksColon(syntax)) return [putColon(syntax, `: ${text}`, dressing)]
  const [first, body] = splitFirstLine(text)
  const headerEnd = block?.headerEnd ?? syntax.end
  const after = first.endsWith('"') || first.endsWith("'") ? '' : gapBefore(source, headerEnd)
  const header = { start, end: headerEnd, text: blankBefore(syntax, dressing) + first + after }
  if (block === null) {
    if (body === null) return [header, ...dropTabs(syntax, first, dressing)]
    const below = lineEnd(source, syntax.end)
    return [header, { start: below, end: below, text: dressing.lineEnd + toLines(body, dressing) }]
  }
  if (body !== null) return [header, putBlockBody(syntax, block, body, dressing)]
  return hasBody(syntax, block) ? [header, { start: lineEnd(source, block.headerEnd), end: block.bodyEnd, text: '' }] : [header]
}

/** Behind a plain scalar, blank lines may hold tabs; behind a quoted one they make the file unreadable. */
export function dropTabs({ style, start, end, parent }: ScalarSyntax, text: string, { text: source }: Dressing): Replacement[] {
  if (style !== 'plain' || start === end || parent?.flow || !/["']$/.test(text)) return []
  const from = afterBreak(source, lineEnd(source, end))
  const blanks = linesToNext(source, from)
  const tab = blanks.indexOf('\t')
  return tab === -1 ? [] : [{ start: from + tab, end: from + blanks.lastIndexOf('\t') + 1, text: blanks.slice(tab, blanks.lastIndexOf('\t') + 1).replaceAll('\t', '') }]
}

/** @param text - from the ":" on */
export function putColon({ end, parent }: ScalarSyntax, text: string, dressing: Dressing): Replacement {
  if (parent!.flow) return { start: end, end, text }
  const below = lineEnd(dressing.text, end)
  return { start: below, end: below, text: dressing.lineEnd + ' '.repeat(parent!.column) + toLines(text, dressing) }
}

function putBlockBody(syntax: ScalarSyntax, block: BlockScalar, body: string, dressing: Dressing): Replacement {
  const text = toLines(body, dressing)
  if (hasBody(syntax, block)) return { start: block.bodyStart, end: block.bodyEnd, text }
  const below = lineEnd(dressing.text, block.headerEnd)
  return { start: below, end: below, text: dressing.lineEnd + text }
}

/** `? key` and `{key}` have a value only by rights. */
export function lacksColon({ start, end, parent, properties }: ScalarSyntax): boolean {
  if (start !== end || parent?.kind !== 'map' || properties !== NO_PROPERTIES) return false
  return parent.colons[itemAt(parent, start)] === -1
}

function blankBefore({ start, end, properties }: ScalarSyntax, { text }: Dressing): string {
  const isGlued = start === end ? !isBlank(text.charCodeAt(start - 1)) : properties.anchor?.end === start
  return isGlued ? ' ' : ''
}

/** What keeps a comment a comment that stood right behind a quote or bracket. */
export function gapBefore(text: string, at: number): string {
  return text.charAt(at) === '#' ? ' ' : ''
}

export function splitFirstLine(text: string): [first: string, rest: string | null] {
  const at = text.indexOf('\n')
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

export function toLines(text: string, { lineEnd }: Layout): string {
  return lineEnd === '\n' ? text : text.replaceAll('\n', lineEnd)
}

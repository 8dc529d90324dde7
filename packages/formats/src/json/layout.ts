/**
 * The layout that a JSON document shows, for what is written fresh into it.
 * @module
 */
import { indentUnit, type JsonStyle, quoteShortest } from './emit.ts'
import type { JsonMap } from './parse.ts'

const REFERENCE_UNIT = '\t'

/** @param indent - columns per level, negative for a tab; undefined: as the document, else a tab. @throws CodedError EMIT_FAILED */
export function styleOf(text: string, root: JsonMap, indent: number | undefined): JsonStyle {
  const lineBreak = /\r?\n/.exec(text.slice(root.start, root.end))
  const first = root.items[0]
  const tight = first !== undefined && text[first.value.start - 1] === ':'
  const given = indent === undefined ? undefined : indent < 0 ? REFERENCE_UNIT : indentUnit(indent)
  const shown = first === undefined || lineBreak === null ? undefined : ownLineIndentation(text, first.start)
  const base = lineIndentation(text, root.start)
  return {
    lineEnd: lineBreak?.[0],
    unit: given ?? (shown?.startsWith(base) ? shown.slice(base.length) : REFERENCE_UNIT),
    colon: tight ? ':' : ': ',
    comma: tight ? ',' : ', ',
    quote: quoteShortest,
  }
}

/** The blanks at the start of the line that an offset is in. */
export function lineIndentation(text: string, offset: number): string {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
  let end = lineStart
  while (end < offset && (text[end] === ' ' || text[end] === '\t')) end += 1
  return text.slice(lineStart, end)
}

/** As `lineIndentation`, if nothing else stands between the line's start and the offset. */
export function ownLineIndentation(text: string, offset: number): string | undefined {
  const indentation = lineIndentation(text, offset)
  const lineStart = offset - indentation.length
  return lineStart > 0 && text[lineStart - 1] === '\n' ? indentation : undefined
}

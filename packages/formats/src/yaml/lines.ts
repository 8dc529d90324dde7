/**
 * Where lines begin and end, and the layout that a document shows.
 * @module
 */
import { METADATA_KEY } from '../metadata-key.ts'
import { BYTE_ORDER_MARK, CR, isBlank, isBreak, isBreakOrEnd, LF } from './characters.ts'
import type { Source } from './source.ts'
import type { Syntax } from './syntax.ts'

export interface Layout {
  readonly text: string
  readonly length: number
  /** As in the file. */
  readonly lineEnd: string
  /** Columns per level. */
  readonly step: number
}

const MAX_STEP = 9

/** @param step - where neither the document shows one nor, without other maps and lists, its metadata block */
export function layoutOf({ text, length }: Source, roots: readonly Syntax[], step: number): Layout {
  return { text, length, lineEnd: lineEndOf(text), step: shownStep(roots.flatMap(withoutMetadata)) ?? shownStep(roots) ?? step }
}

function withoutMetadata(root: Syntax): readonly Syntax[] {
  if (root.kind !== 'map') return [root]
  return root.children.filter((_, at) => {
    const key = root.children[at - (at % 2)]
    return key?.kind !== 'scalar' || key.text !== METADATA_KEY
  })
}

function lineEndOf(text: string): string {
  const at = text.search(/[\r\n]/)
  if (at === -1 || text.charCodeAt(at) === LF) return '\n'
  return text.charCodeAt(at + 1) === LF ? '\r\n' : '\r'
}

/** What the first indented map or list shows. */
function shownStep(roots: readonly Syntax[]): number | undefined {
  const open = roots.toReversed()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'scalar' || node.kind === 'alias' || node.flow) continue
    const step = node.parent?.kind === 'map' ? node.column - node.parent.column : 0
    if (step > 0) return Math.min(step, MAX_STEP)
    for (const child of node.children.toReversed()) open.push(child)
  }
  return undefined
}

export function lineStart(text: string, at: number): number {
  let start = at
  const first = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
  while (start > first && !isBreak(text.charCodeAt(start - 1))) start -= 1
  return start
}

/** Offset of the break that ends the line, or of the end of the text. */
export function lineEnd(text: string, at: number): number {
  let end = at
  while (!isBreakOrEnd(text.charCodeAt(end))) end += 1
  return end
}

/** Behind the break that stands here, if there is one. */
export function afterBreak(text: string, at: number): number {
  if (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF) return at + 2
  return isBreak(text.charCodeAt(at)) ? at + 1 : at
}

/** Where the break begins that ends right before this line; the place itself on the first line. */
export function beforeBreak(text: string, lineStartAt: number): number {
  if (lineStartAt === 0 || !isBreak(text.charCodeAt(lineStartAt - 1))) return lineStartAt
  return text.charCodeAt(lineStartAt - 1) === LF && text.charCodeAt(lineStartAt - 2) === CR ? lineStartAt - 2 : lineStartAt - 1
}

export function isBlankBetween(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isBlank(text.charCodeAt(at))) return false
  return true
}

/** The next multiple of the step that is deeper than a column. */
export function nextStop(column: number, step: number): number {
  return step * (Math.floor(column / step) + 1)
}

/**
 * Fresh YAML in the layout that SOPS writes: block style, N columns per level, no folding, comments on lines above.
 * Follows: getsops/sops stores/yaml/store.go; go-yaml v3.0.4 emitterc.go (increase_indent, write_indent).
 *
 * Departures, where the reference loses or misplaces a comment: those of an empty container stand above it, those that end a
 * list stay there after a map too, a list's and its first map's are both written, and one beside a container stands above it.
 * @module
 */
import { CodedError, type CommentNode, type EmitOptions, type Entry, type ListNode, type MapNode, type Node, type PlainMap, type Tree, type ValueNode } from '@waxseal/core'
import { METADATA_KEY, refuseReservedKeys } from '../metadata-key.ts'
import { withEntry } from '../plain.ts'
import { encodeText } from '../source-text.ts'
import { refuseDuplicateKeys } from './duplicate-keys.ts'
import { keyText } from './key-text.ts'
import { isSimpleKey, scalarText, stringText } from './scalar-text.ts'

const DEFAULT_STEP = 4
const MIN_STEP = 2
const MAX_STEP = 9
const LIST_STEP = 2 // the width of "- ", whatever the indentation
const LINE_BREAKS = /\r\n|[\n\r\u0085\u2028\u2029]/

export function emit(tree: Tree, metadata?: PlainMap, { indent = 0 }: EmitOptions = {}): Uint8Array {
  if (metadata !== undefined) refuseReservedKeys(tree)
  if (tree[0] !== undefined) refuseDuplicateKeys(tree[0]) // further documents may have them
  const maps = metadata === undefined ? tree : tree.map((map) => withEntry(map, METADATA_KEY, metadata))
  return encodeText(maps.map((map) => blockText(map, stepOf(indent))).join('---\n'))
}

/** The reference does not ask for the indentation here. */
export function emitValue(value: ValueNode): Uint8Array {
  return encodeText(blockText(value, DEFAULT_STEP))
}

/** @param indent - as in SOPS's settings; 0: the default. @throws CodedError EMIT_FAILED */
export function stepOf(indent: number): number {
  if (indent < 0) throw new CodedError('EMIT_FAILED', 'YAML Negative indentation not accepted')
  if (indent === 0) return DEFAULT_STEP
  return indent >= MIN_STEP && indent <= MAX_STEP ? indent : MIN_STEP
}

type Container = MapNode | ListNode
type Item = Entry | Node

/** An open container. */
interface Level {
  readonly items: readonly Item[]
  next: number
  /** Of its keys or dashes. */
  readonly column: number
  /** Comments that wait for the item they precede. */
  above: CommentNode[]
  beside: CommentNode[]
}

/**
 * A value as a whole document, or as the lines of a block inside one. Ends with a line break.
 * @param step - columns per level
 * @param column - of the outermost keys or dashes
 */
export function blockText(root: ValueNode, step: number, column = 0): string {
  const writer = new BlockWriter(step)
  writer.write(root, column)
  return writer.text()
}

/** Without recursion: a file cannot exhaust the stack. */
class BlockWriter {
  readonly #step: number
  readonly #out: string[] = []
  readonly #levels: Level[] = []
  #column = 0
  /** The line holds nothing but blanks and the indicators of lists and explicit keys. */
  #fresh = true
  #afterIndicator = false

  constructor(step: number) {
    this.#step = step
  }

  text(): string {
    this.#endLine()
    return this.#out.join('')
  }

  write(root: ValueNode, column: number): void {
    if (root.kind === 'leaf') {
      this.#put(scalarText(root.value, { body: column + this.#step, parent: column }))
    } else if (hasContent(root)) {
      this.#open(root, column)
    } else {
      this.#comments(root.items as readonly CommentNode[], column)
      this.#startLine(column)
      this.#put(brackets(root))
    }
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) this.#advance(level)
  }

  #advance(level: Level): void {
    const item = level.items[level.next]
    level.next += 1
    if (item === undefined) {
      this.#levels.pop()
      this.#comments([...level.above, ...level.beside], level.column)
    } else if (item.kind === 'comment') {
      if (item.inline) level.beside.push(item)
      else level.above.push(item)
    } else {
      const { above, beside } = level
      level.above = []
      level.beside = []
      if (item.kind === 'entry') this.#entry(item, level.column, above, beside)
      else this.#element(item, level.column, above, beside)
    }
  }

  #entry(entry: Entry, column: number, above: readonly CommentNode[], beside: readonly CommentNode[]): void {
    const { key, value } = entry
    const inner = nextStop(column, this.#step)
    const place = { body: inner, parent: column }
    const [own, line] = this.#arrange(value, beside, place)
    this.#comments([...above, ...own, ...(isContainer(value) && !hasContent(value) ? leadingComments(value) : [])], column)
    this.#startLine(column)
    if (isSimpleKey(key)) {
      this.#put(`${keyText(entry, place)}:`)
    } else {
      this.#indicator('?')
      this.#put(` ${stringText(key, place)}`)
      this.#startLine(column)
      this.#indicator(':')
    }
    this.#value(value, inner, column, line)
  }

  #element(value: ValueNode, column: number, above: readonly CommentNode[], beside: readonly CommentNode[]): void {
    const inner = column + LIST_STEP
    const [own, line] = this.#arrange(value, beside, { body: inner, parent: column })
    const led = isContainer(value) ? leadingComments(value) : []
    this.#comments([...above, ...own, ...led], column)
    this.#startLine(column)
    this.#indicator('-')
    this.#value(value, inner, column, line, led.length)
  }

  /** Comments beside a value stay there only if it ends on its line. @returns those above, those beside */
  #arrange(value: ValueNode, beside: readonly CommentNode[], place: { readonly body: number; readonly parent: number }): [readonly CommentNode[], readonly CommentNode[]] {
    if (isContainer(value)) return hasContent(value) ? [beside, []] : [[], beside]
    const block = beside.length > 1 && scalarText(value.value, place).includes('\n')
    return block ? [beside, []] : [[], beside]
  }

  #value(value: ValueNode, inner: number, column: number, beside: readonly CommentNode[], skip = 0): void {
    if (isContainer(value) && hasContent(value)) {
      this.#open(value, inner, skip)
      return
    }
    const text = isContainer(value) ? brackets(value) : scalarText(value.value, { body: inner, parent: column })
    const headerEnd = text.startsWith('|') || text.startsWith('!!binary |') ? text.indexOf('\n') : text.length
    this.#put(` ${text.slice(0, headerEnd)}${besideText(beside, column)}${text.slice(headerEnd)}`)
  }

  #open(container: Container, column: number, skip = 0): void {
    this.#levels.push({ items: container.items, next: skip, column, above: [], beside: [] })
  }

  #comments(comments: readonly CommentNode[], column: number): void {
    for (const line of comments.flatMap(({ text }) => commentLines(text))) {
      this.#startLine(column)
      this.#put(line)
    }
  }

  #startLine(column: number): void {
    if (!this.#fresh || this.#column > column || (this.#column === column && this.#afterIndicator)) this.#endLine()
    this.#out.push(' '.repeat(column - this.#column))
    this.#column = column
    this.#afterIndicator = false
  }

  #endLine(): void {
    if (this.#column > 0 || !this.#fresh) this.#out.push('\n')
    this.#column = 0
    this.#fresh = true
  }

  #indicator(indicator: string): void {
    this.#out.push(indicator)
    this.#column += 1
    this.#afterIndicator = true
  }

  #put(text: string): void {
    this.#out.push(text)
    this.#fresh = false
  }
}

function nextStop(column: number, step: number): number {
  return step * (Math.floor(column / step) + 1)
}

function isContainer(value: ValueNode): value is Container {
  return value.kind !== 'leaf'
}

function hasContent({ items }: Container): boolean {
  return (items as readonly Item[]).some((item) => item.kind !== 'comment')
}

function brackets({ kind }: Container): string {
  return kind === 'map' ? '{}' : '[]'
}

/** Those before the first item, all if there is none. The reference writes them above the dash of a list's element. */
function leadingComments({ items }: Container): readonly CommentNode[] {
  const comments: CommentNode[] = []
  for (const item of items) {
    if (item.kind !== 'comment') return comments.filter(({ inline }) => !inline)
    comments.push(item)
  }
  return comments
}

function besideText(comments: readonly CommentNode[], column: number): string {
  return comments.length === 0 ? '' : ` ${comments.flatMap(({ text }) => commentLines(text)).join(`\n${' '.repeat(column)}`)}`
}

/** A comment of several lines comes from INI. */
function commentLines(text: string): string[] {
  const [first = '', ...rest] = text.split(LINE_BREAKS)
  while (rest.at(-1) === '') rest.pop()
  return [`#${first}`, ...rest.map((line) => (line === '' || line.startsWith('#') ? line : `# ${line}`))]
}

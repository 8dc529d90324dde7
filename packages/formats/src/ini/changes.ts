/**
 * The edits of one `apply` to an INI file.
 * @module
 */
import type { Edit, Entry, MapNode, Node, PlainMap, Value, ValueNode } from '@waxseal/core'
import { decodePiece, encodeComment } from '../byte-text.ts'
import type { Replacement } from '../splice.ts'
import { metadataEntries, metadataSection } from './emit.ts'
import { type CommentPlace, type KeyPlace, type Layout, wholeLine } from './layout.ts'
import type { IniKey, IniSection, Range } from './read.ts'
import { trimEnd } from './space.ts'
import { commentLines, keyText, nodeText, sectionText, valueText } from './write.ts'

export class Changes {
  readonly #text: string
  readonly #lineEnd: string
  readonly #layout: Layout
  readonly #block: IniSection | undefined
  readonly #replacements: Replacement[] = []
  readonly #set = new Set<KeyPlace>()

  /** @param block - the section of the metadata */
  constructor(text: string, lineEnd: string, layout: Layout, block: IniSection | undefined) {
    this.#text = text
    this.#lineEnd = lineEnd
    this.#layout = layout
    this.#block = block
  }

  add(edit: Edit): void {
    switch (edit.do) {
      case 'token':
        if (edit.node.kind === 'comment') this.#setComment(edit.node, edit.token)
        else this.#setValues(this.#keyOf(edit.node), edit.token)
        break
      case 'value':
        this.#setValues(this.#keyOf(edit.node), edit.value)
        break
      case 'comment':
        this.#setComment(edit.node, edit.text)
        break
      case 'replace':
        this.#replaceBy(edit.node, edit.by)
        break
      case 'remove':
        this.#remove(edit.item)
        break
      case 'append':
        if ('entry' in edit) this.#append(edit.into, edit.entry)
    }
  }

  /** Key by key as long as the keys stay. */
  setMetadata(metadata: PlainMap | null): void {
    if (metadata === null) {
      if (this.#block !== undefined) this.#cut(this.#withBlankLine(bodyOf(this.#block)))
      return
    }
    this.#clearUnseen()
    const section = metadataSection(metadata)
    if (this.#block === undefined) {
      const lead = this.#text === '' ? '' : this.#lineEnd
      this.#insert(this.#text.length, lead + sectionText(section, false, this.#lineEnd))
      return
    }
    const { keys } = this.#block
    const wanted = new Map(metadataEntries(metadata))
    if (keys.length === wanted.size && keys.every(({ name }) => wanted.has(name)) && new Set(keys.map(({ name }) => name)).size === keys.length) {
      for (const key of keys) this.#setValue(key, wanted.get(key.name)!)
    } else {
      this.#replace(bodyOf(this.#block), sectionText(section, false, this.#lineEnd))
    }
  }

  replacements(): Replacement[] {
    return this.#replacements
  }

  /** No value of a file that is to be encrypted stays where the walk did not see it, or reads otherwise once a line follows. */
  #clearUnseen(): void {
    for (const range of this.#layout.unseen) this.#cut(range)
    for (const place of this.#layout.keys.values()) {
      const { text, dress } = place.key.value
      const openedByNextLine = dress === 'plain' && text === '"""'
      if ((place.earlier.length > 0 || openedByNextLine) && !this.#set.has(place)) this.#setValues(place, decodePiece(text))
    }
  }

  /** Of a key that occurs twice, every occurrence gets the value. Comments beside the earlier ones go. */
  #setValues(place: KeyPlace, value: Value): void {
    this.#set.add(place)
    for (const key of place.earlier) this.#setValue(key, value, false)
    this.#setValue(place.key, value)
  }

  #setValue({ delimiter, value: { place, dress, text, beside } }: IniKey, value: Value, besideComment = beside !== undefined): void {
    const written = valueText(value, dress, besideComment)
    if (written === text && dress === 'plain') return
    const tight = place.start === place.end && place.start === delimiter + 1
    this.#replace(place, (tight ? ' ' : '') + written)
  }

  /** A comment stays where it stands; one beside a key or header moves above it if it cannot. */
  #setComment(node: Node, text: string): void {
    const { comment, line, isOfHeader } = this.#commentOf(node)
    const { above, beside, contentStart } = comment
    const [first = '', ...rest] = encodeComment(text).split(/\r?\n/)
    const last = above.at(-1)
    if (last !== undefined) {
      const indentation = this.#text.slice(wholeLine(this.#text, above[0]!).start, above[0]!.start)
      const marker = this.#text[above[0]!.start]!
      const gap = this.#text[contentStart - 1] === ' ' ? ' ' : ''
      const lines = rest.map((next) => {
        const own = next.startsWith(';') || next.startsWith('#')
        const words = own ? next.slice(1) : next
        return this.#lineEnd + indentation + (own ? next[0] : marker) + (words.startsWith(' ') ? '' : gap) + words
      })
      this.#replace({ start: contentStart, end: last.end }, first + lines.join(''))
    } else if (beside !== undefined && !isOfHeader && rest.length === 0) {
      this.#replace({ start: contentStart, end: beside.end }, first)
      return
    } else {
      const indentation = this.#text.slice(line, trimEndOfBlanks(this.#text, line))
      this.#insert(line, commentLines(text).map((next) => indentation + next + this.#lineEnd).join(''))
    }
    if (beside !== undefined) this.#cut({ start: trimEnd(this.#text, line, beside.start), end: beside.end })
  }

  #replaceBy(node: ValueNode, by: ValueNode): void {
    const section = this.#layout.sections.get(node)
    if (section === undefined) {
      const place = this.#keyOf(node)
      if (by.kind === 'leaf') this.#setValues(place, by.value)
      else nodeText(place.key.name, by)
      return
    }
    this.#cutEndingComment(node as MapNode)
    this.#replace(this.#wholeSection(section), sectionText({ kind: 'entry', key: section.name, value: by }, section.header === undefined, this.#lineEnd))
  }

  #remove(item: Entry | Node): void {
    const section = this.#layout.sections.get(item)
    if (section !== undefined) {
      this.#cutEndingComment((item as Entry).value as MapNode)
      this.#cut(this.#withBlankLine(this.#wholeSection(section)))
    } else if (item.kind === 'comment') {
      const { comment, line } = this.#commentOf(item)
      for (const range of comment.above) this.#cut(wholeLine(this.#text, range))
      if (comment.beside !== undefined) this.#cut({ start: trimEnd(this.#text, line, comment.beside.start), end: comment.beside.end })
    } else {
      const { key, earlier } = this.#keyOf(item)
      for (const { lines } of [...earlier, key]) this.#cut(lines)
    }
  }

  #append(into: MapNode, entry: Entry): void {
    const section = this.#layout.sections.get(into)
    if (section !== undefined) this.#appendKey(section, entry)
    else if (into === this.#layout.root) this.#appendSection(entry)
    else throw new TypeError('an edit names a node of another document')
  }

  /** Spaced and aligned as the key before it. */
  #appendKey({ header, keys }: IniSection, { key, value }: Entry): void {
    const last = keys.at(-1)
    const name = keyText(key)
    const written = nodeText(key, value)
    if (last === undefined) {
      const apart = header === undefined && this.#text !== '' ? this.#lineEnd : ''
      this.#insert(header?.end ?? 0, `${name} = ${written}${this.#lineEnd}${apart}`)
      return
    }
    const { lines, nameStart, delimiter } = last
    const indentation = this.#text.slice(lines.start, nameStart)
    const spaced = this.#text[delimiter - 1] === ' '
    const before = spaced ? `${name.padEnd(delimiter - nameStart - 1)} ` : name
    this.#insert(lines.end, `${indentation}${before}${this.#text[delimiter]}${spaced ? ' ' : ''}${written}${this.#lineEnd}`)
  }

  /** Before the metadata. */
  #appendSection(entry: Entry): void {
    const at = this.#block === undefined ? this.#text.length : this.#withBlankLine(bodyOf(this.#block)).start
    const atHeader = at === this.#block?.header?.start
    this.#insert(at, (at === 0 ? '' : this.#lineEnd) + sectionText(entry, false, this.#lineEnd) + (atHeader ? this.#lineEnd : ''))
  }

  #keyOf(node: Entry | Node): KeyPlace {
    return found(this.#layout.keys.get(node))
  }

  #commentOf(node: Node): CommentPlace {
    return found(this.#layout.comments.get(node))
  }

  /** From the comment above its header, or above its first key, to its last key. */
  #wholeSection(section: IniSection): Range {
    const first = section.comment?.above[0] ?? (section.header === undefined ? section.keys[0]?.comment?.above[0] : undefined)
    const { start, end } = bodyOf(section)
    return { start: first === undefined ? start : wholeLine(this.#text, first).start, end }
  }

  /** With the blank line before it, else the one behind it. */
  #withBlankLine({ start, end }: Range): Range {
    const before = /(?:^|\n)(\r?\n)$/.exec(this.#text.slice(Math.max(0, start - 3), start))?.[1]
    if (before !== undefined) return { start: start - before.length, end }
    const behind = /^\r?\n/.exec(this.#text.slice(end, end + 2))?.[0] ?? ''
    return { start, end: end + behind.length }
  }

  #cutEndingComment({ items }: MapNode): void {
    const last = items.at(-1)
    if (last?.kind === 'comment') for (const range of this.#commentOf(last).comment.above) this.#cut(wholeLine(this.#text, range))
  }

  #replace({ start, end }: Range, text: string): void {
    this.#replacements.push({ start, end, text })
  }

  #insert(at: number, text: string): void {
    this.#replacements.push({ start: at, end: at, text })
  }

  #cut({ start, end }: Range): void {
    this.#replacements.push({ start, end, text: '' })
  }
}

function bodyOf({ header, keys }: IniSection): Range {
  const start = header?.start ?? keys[0]?.lines.start ?? 0
  return { start, end: keys.at(-1)?.lines.end ?? header?.end ?? start }
}

function found<T>(place: T | undefined): T {
  if (place === undefined) throw new TypeError('an edit names a node of another document')
  return place
}

function trimEndOfBlanks(text: string, line: number): number {
  let at = line
  while (text[at] === ' ' || text[at] === '\t') at += 1
  return at
}

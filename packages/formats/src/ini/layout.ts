/**
 * An INI file as a tree, and where the tree's nodes stand.
 * @module
 */
import type { CommentNode, Entry, LeafNode, MapNode, Node } from '@waxseal/core'
import { decodeComment, decodePiece } from '../byte-text.ts'
import { METADATA_KEY } from '../metadata-key.ts'
import type { IniComment, IniFile, IniKey, IniSection, Range } from './read.ts'

export interface KeyPlace {
  readonly key: IniKey
  /** Occurrences before it, whose values nobody reads. The first one gives the entry its place among the others. */
  readonly earlier: readonly IniKey[]
}

export interface CommentPlace {
  readonly comment: IniComment
  /** The line that a comment beside its key or header can be moved above. */
  readonly line: number
  /** A section's header takes no token beside it: its name reaches to the last bracket. */
  readonly isOfHeader: boolean
}

export interface Layout {
  readonly root: MapNode
  readonly keys: ReadonlyMap<Entry | Node, KeyPlace>
  readonly comments: ReadonlyMap<Entry | Node, CommentPlace>
  /** By the section's map and by its entry. */
  readonly sections: ReadonlyMap<Entry | Node, IniSection>
  /** What the reference does not see, but for earlier values. */
  readonly unseen: readonly Range[]
}

export function layOut(text: string, { sections, trailing }: IniFile): Layout {
  const keys = new Map<Entry | Node, KeyPlace>()
  const comments = new Map<Entry | Node, CommentPlace>()
  const places = new Map<Entry | Node, IniSection>()
  const unseen: Range[] = []
  const items = sections.flatMap((section, at): Entry[] => {
    if (section.name === METADATA_KEY) return []
    const next = sections[at + 1]
    // what stands above the metadata ends the section before
    const ending = next === undefined ? trailing : next.name === METADATA_KEY ? aboveOnly(next.comment) : undefined
    const value: MapNode = { kind: 'map', items: [...commentNodes(section.comment, section.header?.start ?? 0, true), ...keyItems(section), ...commentNodes(ending, 0, false)] }
    const entry: Entry = { kind: 'entry', key: section.name, value }
    places.set(value, section).set(entry, section)
    if (section.junk !== undefined) unseen.push(section.junk)
    return [entry]
  })
  return { root: { kind: 'map', items }, keys, comments, sections: places, unseen }

  function keyItems(section: IniSection): (Entry | CommentNode)[] {
    return [...Map.groupBy(section.keys, ({ name }) => name).values()].flatMap((occurrences) => {
      const key = occurrences.at(-1)!
      const earlier = occurrences.slice(0, -1)
      const value: LeafNode = { kind: 'leaf', value: decodePiece(key.value.text) }
      const entry: Entry = { kind: 'entry', key: key.name, value }
      const place = { key, earlier }
      keys.set(value, place).set(entry, place)
      for (const { comment } of earlier) {
        unseen.push(...(comment?.above ?? []).map((range) => wholeLine(text, range)))
        if (comment?.beside !== undefined) unseen.push(comment.beside)
      }
      for (const { value: { junk } } of occurrences) if (junk !== undefined) unseen.push(junk)
      return [entry, ...commentNodes(key.comment, key.lines.start, false)]
    })
  }

  function commentNodes(comment: IniComment | undefined, line: number, isOfHeader: boolean): CommentNode[] {
    if (comment === undefined) return []
    const node: CommentNode = { kind: 'comment', text: decodeComment(comment.text), inline: false }
    comments.set(node, { comment, line, isOfHeader })
    return [node]
  }
}

export function wholeLine(text: string, { start, end }: Range): Range {
  return { start: start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1, end: text.indexOf('\n', end) + 1 }
}

function aboveOnly(comment: IniComment | undefined): IniComment | undefined {
  if (comment?.beside === undefined || comment.above.length === 0) return comment?.beside === undefined ? comment : undefined
  return { ...comment, beside: undefined }
}

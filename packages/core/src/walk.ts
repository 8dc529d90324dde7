/**
 * The one pass over a tree, in SOPS's order, that encrypts or decrypts its values and computes the MAC.
 * Follows: getsops/sops sops.go (walkBranch, walkSlice, Tree.Encrypt, Tree.Decrypt). Vectors: test/walk.test.ts
 *
 * A value is left out of the MAC if its plaintext is a comment. 3.13.2 decides that before it decrypts, and so cannot read
 * the comments that it writes into lists as string elements; those are read here.
 * @module
 */
import type { Edit } from './document.ts'
import { CodedError } from './errors.ts'
import { createMac } from './mac.ts'
import type { Selector } from './selector.ts'
import type { CommentNode, Entry, LeafNode, Node, Tree, Value } from './tree.ts'
import { Comment, type Decrypted, type ValueCipher } from './value-cipher.ts'
import { isInt64 } from './value-text.ts'

const MAX_DEPTH = 10_000
/** Of the paths of all values together, each of which is authenticated with its value: keys that are nested deep count again for each value below them. */
const MAX_PATHS_LENGTH = 2 ** 30

/** Plaintext by the node that holds its token. */
export type Plaintext = ReadonlyMap<LeafNode | CommentNode, Decrypted>

export interface WalkOptions {
  readonly cipher: ValueCipher
  readonly selector: Selector
  readonly macOnlyEncrypted: boolean
}

export interface EncryptOptions extends WalkOptions {
  /** For nodes that hold tokens already. Nodes that are not in it are plaintext. */
  readonly plain?: Plaintext
  /** `Document.shifted`. */
  readonly shifted?: ReadonlyMap<LeafNode, Value>
}

export interface EncryptedTree {
  /** Tokens for every selected node that does not hold that very token. */
  readonly edits: readonly Edit[]
  /** Upper-case hexadecimal, not encrypted yet. */
  readonly mac: string
}

export interface DecryptedTree {
  readonly edits: readonly Edit[]
  readonly mac: string
  readonly plain: Plaintext
  /** Comments where a token was expected; they stay as they are. */
  readonly clearComments: readonly CommentNode[]
}

/** @throws CodedError VALUE_UNSUPPORTED, PARSE_LIMIT, SELECTOR_CONFLICT */
export function encryptTree(tree: Tree, { cipher, selector, macOnlyEncrypted, plain, shifted }: EncryptOptions): EncryptedTree {
  const edits: Edit[] = []
  const mac = createMac(macOnlyEncrypted)
  const textOf = (node: CommentNode): string => commentText(plain?.get(node)) ?? node.text
  walk(tree, selector, textOf, {
    leaf(node, path, selected) {
      const value = plain?.has(node) ? plain.get(node)! : node.value
      if (value === null) return
      if (!(value instanceof Comment)) {
        if (selected) mac.add(value)
        else if (!macOnlyEncrypted) mac.add(shifted?.get(node) ?? value)
      }
      const token = selected ? cipher.encrypt(value, path) : undefined
      if (token !== undefined && !holds(node, token)) edits.push({ do: 'token', node, token })
      if (token === undefined && plain?.has(node)) edits.push(clearEdit(node, value))
    },
    comment(node, path, selected) {
      const text = textOf(node)
      if (!selected) {
        if (text !== node.text) edits.push({ do: 'comment', node, text })
        return
      }
      const token = cipher.encrypt(new Comment(text), path)
      if (selector.byComment && !selector.encryptsMatched && selector.matches(token)) {
        throw new CodedError('SELECTOR_CONFLICT', 'an encrypted comment matches unencrypted_comment_regex', {
          path,
          hint: 'write the expression so that it does not match ENC[...]',
        })
      }
      if (token !== node.text) edits.push({ do: 'token', node, token })
    },
  })
  return { edits, mac: mac.digest() }
}

/** @throws CodedError VALUE_MALFORMED, VALUE_REJECTED, VALUE_UNSUPPORTED, PARSE_LIMIT */
export function decryptTree(tree: Tree, { cipher, selector, macOnlyEncrypted }: WalkOptions): DecryptedTree {
  const edits: Edit[] = []
  const plain = new Map<LeafNode | CommentNode, Decrypted>()
  const clearComments: CommentNode[] = []
  const mac = createMac(macOnlyEncrypted)
  walk(tree, selector, (node) => node.text, {
    leaf(node, path, selected, inList) {
      const { value } = node
      if (value === null) return
      if (!selected) {
        if (!macOnlyEncrypted) mac.add(value)
        return
      }
      if (typeof value !== 'string') throw new CodedError('VALUE_MALFORMED', `value at ${path} is not encrypted`, { path })
      if (value === '') return
      const decrypted = cipher.decrypt(value, path)
      if (!(decrypted instanceof Comment)) mac.add(decrypted)
      // a map's value cannot become a comment: its text, with a MAC that does not cover it
      const content = decrypted instanceof Comment && !inList ? decrypted.text : decrypted
      plain.set(node, content)
      edits.push(clearEdit(node, content))
    },
    comment(node, path, selected) {
      if (!selected || node.text === '') return
      const text = decryptComment(cipher, node.text, path)
      if (text === undefined) {
        clearComments.push(node)
        return
      }
      plain.set(node, new Comment(text))
      edits.push({ do: 'comment', node, text })
    },
  })
  return { edits, mac: mac.digest(), plain, clearComments }
}

/** What an encrypted file holds in clear though its selector selects it. Needs no key: whether tokens open is not asked. */
export function clearLeaves(tree: Tree, selector: Selector): ReadonlySet<LeafNode> {
  const found = new Set<LeafNode>()
  walk(tree, selector, (node) => node.text, {
    leaf(node, _, selected) {
      const isToken = typeof node.value === 'string' && node.value.startsWith('ENC[') && node.value.trimEnd().endsWith(']')
      if (selected && node.value !== null && node.value !== '' && !isToken) found.add(node)
    },
    comment() {},
  })
  return found
}

/** Readers ignore what stands behind a token: the line break that ends a block scalar, or a blank. */
function holds({ value }: LeafNode, token: string): boolean {
  return typeof value === 'string' && value.startsWith(token) && value.trimEnd() === token
}

/** Nobody can tell a comment that was never encrypted from one whose token is broken. */
function decryptComment(cipher: ValueCipher, token: string, path: string): string | undefined {
  if (!token.startsWith('ENC[')) return undefined
  try {
    return commentText(cipher.decrypt(token, path))
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

function commentText(value: Decrypted | undefined): string | undefined {
  return value instanceof Comment ? value.text : typeof value === 'string' ? value : undefined
}

function clearEdit(node: LeafNode, value: Decrypted): Edit {
  return value instanceof Comment ? { do: 'comment', node, text: value.text } : { do: 'value', node, value }
}

interface Visitor {
  /** @param path - the value cipher's associated data */
  leaf(node: LeafNode, path: string, selected: boolean, inList: boolean): void
  comment(node: CommentNode, path: string, selected: boolean): void
}

/** An open map or list. */
interface Level {
  readonly items: readonly (Entry | Node)[]
  next: number
  readonly inList: boolean
  /** Keys so far, each followed by ":". */
  readonly path: string
  /** A key on the way here matched, or a comment that governs this level. */
  readonly matched: boolean
  /** A comment matched that governs the next item. */
  matchedHere: boolean
}

/** Without recursion: a file cannot exhaust the stack. */
function walk(tree: Tree, selector: Selector, textOf: (node: CommentNode) => string, visitor: Visitor): void {
  const { byComment, encryptsMatched } = selector
  const levels: Level[] = []
  let pathsLength = 0
  const count = (path: string): void => {
    pathsLength += path.length
    if (pathsLength > MAX_PATHS_LENGTH) throw new CodedError('PARSE_LIMIT', 'the keys above its values are too long and too many')
  }
  const visit = (node: Node, path: string, matched: boolean, level: Level): void => {
    if (node.kind === 'leaf') {
      if (typeof node.value === 'bigint' && !isInt64(node.value)) {
        throw new CodedError('VALUE_UNSUPPORTED', `number at ${path} does not fit into 64 bits`, { path, hint: 'quote it' })
      }
      count(path)
      visitor.leaf(node, path === '' ? ':' : path, matched === encryptsMatched, level.inList)
    } else if (node.kind !== 'comment') {
      if (levels.length >= MAX_DEPTH) throw new CodedError('PARSE_LIMIT', `more than ${MAX_DEPTH} levels`)
      levels.push({ items: node.items, next: 0, inList: node.kind === 'list', path, matched, matchedHere: false })
    }
  }
  for (const map of tree) {
    levels.push({ items: map.items, next: 0, inList: false, path: '', matched: false, matchedHere: false })
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const item = level.items[level.next]
      level.next += 1
      if (item === undefined) {
        levels.pop()
      } else if (item.kind === 'comment') {
        const before = level.matched || level.matchedHere
        if (byComment && selector.matches(textOf(item))) level.matchedHere = true
        // a comment that asks for encryption stays clear itself; one that asks for clear text is clear
        const matched = encryptsMatched ? before : level.matched || level.matchedHere
        count(level.path)
        visitor.comment(item, level.path === '' ? ':' : level.path, matched === encryptsMatched)
      } else {
        const matched = level.matched || level.matchedHere
        level.matchedHere = false
        if (item.kind === 'entry') visit(item.value, `${level.path}${item.key}:`, matched || (!byComment && selector.matches(item.key)), level)
        else visit(item, level.path, matched, level)
      }
    }
  }
}

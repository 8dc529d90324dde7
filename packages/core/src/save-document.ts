/**
 * An opened document is written again: values changed, a new data key, or other master keys.
 * What did not change keeps its token, and so its line.
 * @module
 */
import { generateDataKey, wrapDataKey } from './data-key.ts'
import type { Document, Edit } from './document.ts'
import { applyEditsTo } from './edited-tree.ts'
import type { Change } from './encrypt-document.ts'
import type { KeyGroup } from './key-group.ts'
import { type Spellings, withoutHint, withSpellings } from './layout-hint.ts'
import { serializeMetadata, withMac } from './metadata.ts'
import type { OpenedDocument, UnlockedDocument } from './open-document.ts'
import { createRandomSource, type RandomSource } from './random.ts'
import { compileSelector } from './selector.ts'
import { formatTimestamp } from './timestamp.ts'
import type { Entry, Node, PlainMap, Tree } from './tree.ts'
import { createValueCipher } from './value-cipher.ts'
import { encryptTree } from './walk.ts'

export interface SaveRequest {
  /** What changed in the document: `setAt`, `unsetAt`. */
  readonly changed?: { readonly tree: Tree; readonly edits: readonly Edit[] }
  /** Instead: a newly parsed plaintext that takes the document's place. The edits returned are for it, and it has no block yet. */
  readonly replacement?: Document
  /** Absent: stays. */
  readonly version?: string
  readonly now?: () => Date
  readonly random?: RandomSource
}

/**
 * Encrypts under the same data key and, where path, type and text are the same, the same nonce.
 * @throws CodedError VALUE_UNSUPPORTED, SELECTOR_CONFLICT, PARSE_LIMIT
 */
export async function saveDocument(opened: OpenedDocument, request: SaveRequest = {}): Promise<Change> {
  const { metadata } = opened
  const { changed = { tree: opened.document.tree, edits: [] }, replacement, now = () => new Date(), random = createRandomSource() } = request
  const { macOnlyEncrypted } = metadata
  const cipher = createValueCipher(opened.dataKey, { nonces: opened.nonces, random })
  const selector = await compileSelector(metadata.selection)
  const { edits, mac } =
    replacement === undefined
      ? encryptTree(changed.tree, { cipher, selector, macOnlyEncrypted, plain: opened.plain })
      : encryptTree(replacement.tree, { cipher, selector, macOnlyEncrypted, shifted: replacement.shifted })
  const lastModified = formatTimestamp(now())
  const spellings = replacement === undefined ? opened.spellings : replacement.spellings?.(edits)
  const found = withHint(opened, replacement?.tree ?? changed.tree, spellings, random)
  return {
    edits: replacement === undefined ? mergeEdits(changed.edits, edits) : edits,
    metadata: withMac(found, cipher.encrypt(mac, lastModified), lastModified, request.version),
  }
}

export interface RotateRequest {
  /** Absent: the file's own. */
  readonly groups?: readonly KeyGroup[]
  /** Absent: the file's own. */
  readonly threshold?: number
  readonly now?: () => Date
  readonly random?: RandomSource
  readonly signal?: AbortSignal
}

/**
 * New data key: every value and the MAC are encrypted anew, every master key wraps anew. Nonces are new too; the reference
 * keeps them.
 * @throws CodedError KEY_GROUP_INVALID, WRAP_FAILED, SHAMIR_INVALID, SELECTOR_CONFLICT
 */
export async function rotateDocument(opened: OpenedDocument, request: RotateRequest = {}): Promise<Change> {
  const { document, metadata, plain, providers } = opened
  const { groups = metadata.groups, threshold = metadata.threshold, now = () => new Date(), random = createRandomSource(), signal } = request
  const dataKey = generateDataKey(random)
  const wrapped = await wrapDataKey(dataKey, { groups, threshold, providers, random, signal })
  const cipher = createValueCipher(dataKey, { random })
  const selector = await compileSelector(metadata.selection)
  const { edits, mac } = encryptTree(document.tree, { cipher, selector, macOnlyEncrypted: metadata.macOnlyEncrypted, plain })
  const lastModified = formatTimestamp(now())
  const found = withHint({ ...opened, dataKey }, document.tree, opened.spellings, random)
  return { edits, metadata: serializeMetadata({ ...metadata, ...wrapped, found, lastModified, mac: cipher.encrypt(mac, lastModified) }, providers) }
}

export interface RewrapRequest {
  readonly groups: readonly KeyGroup[]
  /** Absent: the file's own. */
  readonly threshold?: number
  readonly random?: RandomSource
  readonly signal?: AbortSignal
}

/**
 * Other key groups for the same data key; values, MAC and time stay.
 * @throws CodedError KEY_GROUP_INVALID, WRAP_FAILED, SHAMIR_INVALID
 */
export async function rewrapDocument(unlocked: UnlockedDocument, request: RewrapRequest): Promise<Change> {
  const { metadata, dataKey, providers, layoutHint } = unlocked
  const { threshold = metadata.threshold, random = createRandomSource() } = request
  const wrapped = await wrapDataKey(dataKey, { ...request, threshold, providers, random })
  return { edits: [], metadata: serializeMetadata({ ...metadata, ...wrapped, found: layoutHint ? metadata.found : withoutHint(metadata.found) }, providers) }
}

/** The file's block with a hint for what will stand there. */
function withHint({ metadata: { found }, dataKey, layoutHint }: UnlockedDocument, tree: Tree, spellings: Spellings | undefined, random: RandomSource): PlainMap {
  return layoutHint && spellings !== undefined ? withSpellings(found, tree, spellings, dataKey, random) : withoutHint(found)
}

/** New parts go in encrypted; the rest of the tokens go to the nodes that stand already. */
function mergeEdits(structural: readonly Edit[], tokens: readonly Edit[]): readonly Edit[] {
  if (structural.length === 0) return tokens
  const fresh = new Set<Node>()
  const encrypted = structural.map((edit): Edit => {
    if (edit.do === 'replace') {
      const by = encryptPart(edit.by)
      // a token in the place of a value keeps its dress
      const isToken = edit.node.kind === 'leaf' && by.kind === 'leaf' && by !== edit.by
      return isToken ? { do: 'token', node: edit.node, token: by.value as string } : { ...edit, by }
    }
    if (edit.do !== 'append') return edit
    return 'entry' in edit ? { ...edit, entry: encryptPart(edit.entry) } : { ...edit, item: encryptPart(edit.item) }
  })
  return [...encrypted, ...tokens.filter((edit) => !('node' in edit && fresh.has(edit.node)))]

  function encryptPart<N extends Entry | Node>(item: N): N {
    collect(item, fresh)
    return applyEditsTo(item, tokens)
  }
}

function collect(root: Entry | Node, nodes: Set<Node>): void {
  const pending: (Entry | Node)[] = [root]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item.kind === 'entry') pending.push(item.value)
    else if (item.kind === 'map' || item.kind === 'list') pending.push(...item.items)
    else nodes.add(item)
  }
}

/**
 * A SOPS file's data key, then its plaintext. Nothing is handed out before the MAC is checked.
 * Follows: getsops/sops cmd/sops/common/common.go (DecryptTree).
 * @module
 */
import { timingSafeEqual, type KeyObject } from 'node:crypto'
import { recoverDataKey } from './data-key.ts'
import type { Document, Edit } from './document.ts'
import { applyEdits } from './edited-tree.ts'
import { CodedError } from './errors.ts'
import type { Providers } from './key-group.ts'
import { readSpellings, type Spellings } from './layout-hint.ts'
import { parseMetadata, type Metadata } from './metadata.ts'
import { NonceCache } from './nonce-cache.ts'
import { createRandomSource } from './random.ts'
import { compileSelector, compileSelectorForReading } from './selector.ts'
import type { CommentNode, Tree } from './tree.ts'
import { createValueCipher, type ValueCipher } from './value-cipher.ts'
import { decryptTree, type Plaintext } from './walk.ts'

export interface UnlockRequest {
  readonly providers: Providers
  /** `parseDecryptionOrder`. Empty: as the file lists its keys. */
  readonly decryptionOrder?: readonly string[]
  /** Off: a layout hint is neither read nor written again. Values come back in the reference's spelling. */
  readonly layoutHint?: boolean
  readonly signal?: AbortSignal
}

/** A document whose data key is known; its values are not decrypted yet. */
export interface UnlockedDocument {
  readonly document: Document
  readonly metadata: Metadata
  readonly dataKey: KeyObject
  readonly providers: Providers
  /** As requested. */
  readonly layoutHint: boolean
}

export interface DecryptOptions {
  /** Accept a file whose MAC is missing, broken or of other values. */
  readonly allowUnverifiedMac?: boolean
  /** Off: the opened document is only read; `saveDocument` would give every value a new token. */
  readonly keepNonces?: boolean
}

export interface OpenRequest extends UnlockRequest, DecryptOptions {}

export interface OpenedDocument extends UnlockedDocument {
  /** By the node that holds the token. */
  readonly plain: Plaintext
  /** From the layout hint. What became of a text at its place is the format's affair. */
  readonly spellings: Spellings
  /** What turns the document into its plaintext: `document.apply(opened.edits, null)`. */
  readonly edits: readonly Edit[]
  /** Comments in clear where encrypted ones were expected. */
  readonly clearComments: readonly CommentNode[]
  readonly nonces: NonceCache
}

/** @throws CodedError NOT_ENCRYPTED, METADATA_INVALID, SELECTOR_CONFLICT, DATA_KEY_UNRECOVERABLE, SHAMIR_INVALID */
export async function unlockDocument(document: Document, request: UnlockRequest): Promise<UnlockedDocument> {
  const { providers, layoutHint = true } = request
  const metadata = parseMetadata(document.metadata, providers)
  const dataKey = await recoverDataKey({ ...request, groups: metadata.groups, threshold: metadata.threshold })
  return { document, metadata, dataKey, providers, layoutHint }
}

/** @throws CodedError as `unlockDocument` and `decryptUnlocked` */
export async function openDocument(document: Document, request: OpenRequest): Promise<OpenedDocument> {
  return await decryptUnlocked(await unlockDocument(document, request), request)
}

/**
 * @throws CodedError REGEX_INVALID, VALUE_MALFORMED, VALUE_REJECTED
 * @throws CodedError MAC_MISSING, MAC_REJECTED, MAC_MISMATCH
 */
export async function decryptUnlocked(unlocked: UnlockedDocument, { allowUnverifiedMac = false, keepNonces = true }: DecryptOptions): Promise<OpenedDocument> {
  const { document, metadata, dataKey } = unlocked
  const nonces = new NonceCache()
  const cipher = createValueCipher(dataKey, { nonces: keepNonces ? nonces : undefined, random: createRandomSource() })
  const selector = await (keepNonces ? compileSelector : compileSelectorForReading)(metadata.selection)
  const { mac, edits, ...decrypted } = decryptTree(document.tree, { cipher, selector, macOnlyEncrypted: metadata.macOnlyEncrypted })
  if (!allowUnverifiedMac) verifyMac(metadata, mac, cipher)
  const spellings: Spellings = unlocked.layoutHint ? readSpellings(metadata.found, document.tree, dataKey) : new Map()
  return { ...unlocked, ...decrypted, edits: spellings.size === 0 ? edits : spelled(edits, spellings), spellings, nonces }
}

function spelled(edits: readonly Edit[], spellings: Spellings): readonly Edit[] {
  const others = new Map(spellings)
  const values = edits.map((edit): Edit => {
    const spelling = edit.do === 'value' ? spellings.get(edit.node) : undefined
    if (edit.do !== 'value' || spelling === undefined) return edit
    others.delete(edit.node)
    return { ...edit, spelling }
  })
  return [...values, ...[...others].map(([node, spelling]): Edit => ({ do: 'alias', node, spelling }))]
}

/** The plaintext as a tree of its own: conversions, `--extract`, comparisons. */
export function plainTree({ document, edits }: OpenedDocument): Tree {
  return applyEdits(document.tree, edits)
}

/** Errors do not tell the digests: they are hashes of plaintext. */
function verifyMac({ mac, lastModified }: Metadata, computed: string, cipher: ValueCipher): void {
  if (mac === '') throw new CodedError('MAC_MISSING', 'MAC mismatch: the file has no MAC')
  const stored = readMac(mac, lastModified, cipher)
  const [a, b] = [Buffer.from(stored), Buffer.from(computed)]
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new CodedError('MAC_MISMATCH', 'MAC mismatch: the values are not those that the file was written with')
}

function readMac(mac: string, lastModified: string, cipher: ValueCipher): string {
  try {
    const stored = cipher.decrypt(mac, lastModified)
    if (typeof stored === 'string') return stored
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new CodedError('MAC_REJECTED', 'cannot decrypt MAC', { cause })
  }
  throw new CodedError('MAC_REJECTED', 'cannot decrypt MAC: it is not a text')
}

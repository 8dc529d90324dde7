import type { KeyObject } from 'node:crypto'
import type { Document, Edit } from './document.ts'
import type { KeyGroup, Providers } from './key-group.ts'
import type { Metadata } from './metadata.ts'
import type { NonceCache } from './nonce-cache.ts'
import type { Selection } from './selector.ts'
import type { CommentNode, LeafNode, PlainMap, Tree } from './tree.ts'
import type { Decrypted } from './value-cipher.ts'

/** For `document.apply(change.edits, change.metadata)`, or `applyEdits(document.tree, change.edits)` and a format's `emit`. */
export interface Change {
  readonly edits: readonly Edit[]
  readonly metadata: PlainMap
}

export interface EncryptRequest {
  readonly groups: readonly KeyGroup[]
  readonly threshold?: number
  /** Absent: `_unencrypted` suffix. null: every value (binary files). */
  readonly selection?: Selection | null
  readonly macOnlyEncrypted?: boolean
  /** Written as `version`. */
  readonly version: string
  readonly providers: Providers
  /** Of the format that will be written: keys that a plain document must not have. */
  readonly isReservedKey: (key: string) => boolean
  readonly now?: () => Date
  readonly random?: (bytes: number) => Uint8Array
  readonly signal?: AbortSignal
}
export declare function encryptDocument(document: Document, request: EncryptRequest): Promise<Change>

export interface UnlockRequest {
  readonly providers: Providers
  readonly decryptionOrder?: readonly string[]
  readonly signal?: AbortSignal
}
/** A document whose data key is known; its values are not decrypted yet. */
export interface UnlockedDocument {
  readonly document: Document
  readonly metadata: Metadata
  readonly dataKey: KeyObject
  readonly providers: Providers
}
export declare function unlockDocument(document: Document, request: UnlockRequest): Promise<UnlockedDocument>

export interface OpenRequest extends UnlockRequest {
  /** Accept a file whose MAC is missing, broken or of other values. */
  readonly allowUnverifiedMac?: boolean
  /** Off: the opened document is only read, never saved. */
  readonly keepNonces?: boolean
}
export interface OpenedDocument extends UnlockedDocument {
  /** Plaintext of every token, by the node that holds it. */
  readonly plain: ReadonlyMap<LeafNode | CommentNode, Decrypted>
  /** What turns the document into its plaintext: `document.apply(opened.edits, null)`. */
  readonly edits: readonly Edit[]
  /** Comments that stand in clear where an encrypted one was expected. */
  readonly clearComments: readonly CommentNode[]
  readonly nonces: NonceCache
}
export declare function openDocument(document: Document, request: OpenRequest): Promise<OpenedDocument>
/** The plaintext as a tree of its own: conversions, `--extract`, comparisons. */
export declare function plainTree(opened: OpenedDocument): Tree

export interface SaveRequest {
  /** What was changed in `opened.document` (`setAt`, `unsetAt`): its tree afterwards, and the edits. */
  readonly changed?: { readonly tree: Tree; readonly edits: readonly Edit[] }
  /** Instead: a newly parsed plaintext that takes the document's place; the edits returned are for it. */
  readonly replacement?: Document
  /** Absent: stays. */
  readonly version?: string
  readonly now?: () => Date
  readonly random?: (bytes: number) => Uint8Array
}
/** Encrypts under the same data key: what did not change keeps its token. */
export declare function saveDocument(opened: OpenedDocument, request?: SaveRequest): Promise<Change>

export interface RotateRequest {
  /** Absent: the file's own. */
  readonly groups?: readonly KeyGroup[]
  readonly threshold?: number
  readonly now?: () => Date
  readonly random?: (bytes: number) => Uint8Array
  readonly signal?: AbortSignal
}
/** New data key, every value and the MAC encrypted anew. */
export declare function rotateDocument(opened: OpenedDocument, request?: RotateRequest): Promise<Change>

export interface RewrapRequest {
  readonly groups: readonly KeyGroup[]
  readonly threshold?: number
  readonly signal?: AbortSignal
}
/** Other key groups for the same data key; values, MAC and time stay. */
export declare function rewrapDocument(unlocked: UnlockedDocument, request: RewrapRequest): Promise<Change>

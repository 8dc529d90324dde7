/**
 * A plaintext document becomes a SOPS file: data key, wrapped keys, tokens, MAC, metadata.
 * @module
 */
import { generateDataKey, wrapDataKey } from './data-key.ts'
import type { Document, Edit } from './document.ts'
import { CodedError } from './errors.ts'
import type { KeyGroup, Providers } from './key-group.ts'
import { withSpellings } from './layout-hint.ts'
import { serializeMetadata } from './metadata.ts'
import { createRandomSource, type RandomSource } from './random.ts'
import { compileSelector, DEFAULT_SELECTION, type Selection } from './selector.ts'
import { formatTimestamp } from './timestamp.ts'
import { plainMap } from './weak-types.ts'
import type { PlainMap } from './tree.ts'
import { createValueCipher } from './value-cipher.ts'
import { encryptTree } from './walk.ts'

/** For `document.apply(change.edits, change.metadata)`; or `applyEdits(document.tree, change.edits)` and another format's `emit`. */
export interface Change {
  readonly edits: readonly Edit[]
  readonly metadata: PlainMap
}

export interface EncryptRequest {
  readonly groups: readonly KeyGroup[]
  /** 0 or absent: as many as there are groups. */
  readonly threshold?: number
  /** Absent: `DEFAULT_SELECTION`. null: every value, and no setting is stored (binary files). */
  readonly selection?: Selection | null | undefined
  /** The MAC covers encrypted values only. */
  readonly macOnlyEncrypted?: boolean
  /** Off: the file gets no layout hint. Values come back in the reference's spelling. */
  readonly layoutHint?: boolean
  /** Stored as `version`. */
  readonly version: string
  readonly providers: Providers
  /** Of the format that will be written: metadata would stand under such a key. */
  readonly isReservedKey: (key: string) => boolean
  readonly now?: () => Date
  readonly random?: RandomSource
  readonly signal?: AbortSignal
}

/**
 * @throws CodedError ALREADY_ENCRYPTED, KEY_GROUP_INVALID, WRAP_FAILED, SHAMIR_INVALID, REGEX_INVALID
 * @throws CodedError VALUE_UNSUPPORTED, SELECTOR_CONFLICT, PARSE_LIMIT
 */
export async function encryptDocument(document: Document, request: EncryptRequest): Promise<Change> {
  const { providers, now = () => new Date(), random = createRandomSource(), macOnlyEncrypted = false, layoutHint = true } = request
  refuseEncrypted(document, request.isReservedKey)
  const selection = request.selection === undefined ? DEFAULT_SELECTION : request.selection
  const selector = await compileSelector(selection)
  const dataKey = generateDataKey(random)
  const wrapped = await wrapDataKey(dataKey, { ...request, random })
  const cipher = createValueCipher(dataKey, { random })
  const { edits, mac } = encryptTree(document.tree, { cipher, selector, macOnlyEncrypted, shifted: document.shifted })
  const spellings = layoutHint ? document.spellings?.(edits) : undefined
  const found = spellings === undefined ? plainMap([]) : withSpellings(plainMap([]), document.tree, spellings, dataKey, random)
  const lastModified = formatTimestamp(now())
  const metadata = serializeMetadata(
    { ...wrapped, lastModified, mac: cipher.encrypt(mac, lastModified), selection, macOnlyEncrypted, version: request.version, found },
    providers,
  )
  return { edits, metadata }
}

/** The reference looks at the first document only, and fails on the others when it writes. */
function refuseEncrypted({ metadata, tree }: Document, isReservedKey: (key: string) => boolean): void {
  const reserved = tree.flatMap((map) => map.items).find((item) => item.kind === 'entry' && isReservedKey(item.key))
  if (metadata === undefined && reserved === undefined) return
  throw new CodedError('ALREADY_ENCRYPTED', "the file has a top-level entry that is reserved for sops's metadata", {
    hint: 'the file is encrypted already, or the entry must be renamed',
  })
}


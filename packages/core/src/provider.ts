/**
 * What core asks of a kind of master key. Each provider package declares itself once; core looks providers up by `type`
 * and never branches on it.
 * @module
 */
import type { Plain, PlainMap } from './tree.ts'

/** A master key's entry in a file or rule: the provider's own immutable type. */
export interface Ref {
  /** The provider's `type`. */
  readonly type: string
}

/** Context of a recipient that comes from flags, environment or a creation rule's flat fields. */
export interface RecipientContext {
  /** For `created_at` of entries that have one. */
  readonly now: Date
  readonly awsProfile?: string
  readonly encryptionContext?: Readonly<Record<string, string>>
}

export interface KeyProvider<R extends Ref = Ref> {
  /** Name of the list in the metadata and in `--decryption-order`: 'age', 'pgp', 'kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'hckms'. */
  readonly type: string
  /** Reads a metadata entry. Unknown fields survive. @throws CodedError METADATA_INVALID */
  parse(entry: PlainMap): R
  serialize(ref: R): PlainMap
  /** Recipients as written in a flag, an environment variable or a rule's flat field; comma lists are split already. @throws CodedError RECIPIENT_INVALID */
  fromText(text: string, context: RecipientContext): R
  /** Empty pieces of a comma list are passed over, as the reference does with some kinds. */
  readonly skipsEmptyText?: boolean
  /** One element of this provider's list in a rule's key group. @throws CodedError CONFIG_INVALID, RECIPIENT_INVALID */
  fromGroup(element: Plain, context: RecipientContext): readonly R[]
  /** The name that messages, `updatekeys` and `--rm-*` use; two refs with the same name are the same key. */
  displayName(ref: R): string
  /**
   * Of kinds whose recipients may leave open what only their service knows, as the newest version of a key. Asked before a new recipient is compared,
   * stored or wrapped to; core's `completeKeys` does it for whole groups.
   * @throws CodedError
   */
  complete?(ref: R, options: { readonly signal: AbortSignal }): Promise<R>
  /**
   * @param part - the data key (32 bytes) or a Shamir share of it (33 bytes); borrowed
   * @returns a new ref that holds the wrapped part
   */
  wrap(part: Uint8Array, ref: R, options: { readonly signal: AbortSignal }): Promise<R>
  /** Where the credentials or the identity come from that a key is used with, for people: "AWS_PROFILE team". Without secrets. Undefined: nothing is known. */
  credentialSource?(ref: R, options: { readonly signal: AbortSignal }): Promise<string | undefined>
  /** @returns the part, owned by the caller; null if nothing here fits this ref. @throws CodedError if something fits but failed */
  unwrap(ref: R, options: { readonly signal: AbortSignal }): Promise<Uint8Array | null>
}

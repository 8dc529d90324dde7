/**
 * The private side of recipients: what opens files.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import type { AgeFile } from './age-file.ts'
import { unwrapForHybrid } from './hybrid.ts'
import type { PluginRef } from './plugin.ts'
import type { SshPrivateKey } from './ssh-key.ts'
import { unwrapForSsh } from './ssh.ts'
import type { Stanza } from './stanza.ts'
import { unwrapFileKey } from './x25519.ts'

/** Opens files by itself. */
export type ReadyIdentity =
  | { readonly kind: 'x25519'; readonly key: KeyObject }
  /** @see hybrid.ts */
  | { readonly kind: 'hybrid'; readonly seed: Buffer }
  | { readonly kind: 'ssh'; readonly key: SshPrivateKey }

/** Opens files once somebody has given its passphrase. */
export interface LockedIdentity {
  readonly kind: 'locked'
  /** In questions and errors. */
  readonly name: string
  /** Of what is locked: what was unlocked once need not be asked for again. */
  readonly digest: string
  /** By which an agent may remember the passphrase. */
  readonly cacheId?: string
  /** false: none of these identities is one of the file's recipients, whatever the passphrase is. */
  mayOpen(file: AgeFile): boolean
  /**
   * @returns null for a wrong passphrase
   * @throws CodedError IDENTITY_INVALID - the passphrase fits, what it protects does not
   */
  unlock(passphrase: string): Promise<readonly AgeIdentity[] | null>
}

/** Opens files by a program. */
export interface PluginIdentity extends PluginRef {
  readonly kind: 'plugin'
}

export type AgeIdentity = ReadyIdentity | PluginIdentity | LockedIdentity

/** Once they are not needed any more. Key objects are wiped by Node. */
export function wipeIdentities(identities: readonly AgeIdentity[]): void {
  for (const identity of identities) if (identity.kind === 'hybrid') identity.seed.fill(0)
}

/**
 * @returns the file key, 16 bytes, owned by the caller; null: none of the stanzas is for this identity
 * @throws CodedError METADATA_INVALID - a stanza that nobody may write, or a damaged one
 */
export async function unwrapWith(identity: ReadyIdentity, { stanzas }: AgeFile): Promise<Buffer | null> {
  for (const stanza of stanzas) {
    const fileKey = await unwrapStanza(stanza, identity)
    if (fileKey) return fileKey
  }
  return null
}

function unwrapStanza(stanza: Stanza, identity: ReadyIdentity): Buffer | null | Promise<Buffer | null> {
  if (identity.kind === 'x25519') return unwrapFileKey(stanza, identity.key)
  return identity.kind === 'ssh' ? unwrapForSsh(stanza, identity.key) : unwrapForHybrid(stanza, identity.seed)
}

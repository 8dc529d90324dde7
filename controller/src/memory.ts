/**
 * What earlier runs found out, by the SealedSecret's uid: what was in sync with what, which key opened it, and how often its
 * Secret had to be restored. Nothing here is needed for a right decision; without it the same decision costs more.
 * @module
 */
import type { KnownSealedSecret, KnownSecret } from './followed.ts'

/** Equal versions mean in sync: nothing to read, to open or to write. */
export interface InSync {
  readonly generation: number
  readonly scope: string
  readonly secretUid: string
  readonly secretVersion: string
  /** Of the key that opened it; '' if nothing was sealed in it. */
  readonly fingerprint: string
  /** Of the Secret's data, keyed; '' without a fingerprint. Tells a moved version from an edit without opening anything. */
  readonly digest: string
}

export interface Restored {
  readonly times: number
  readonly lastMs: number
}

export interface Remembered {
  readonly inSync?: InSync | undefined
  /** Of the key that opened it last. */
  readonly fingerprint?: string | undefined
  readonly restored?: Restored | undefined
}

const NOTHING: Remembered = {}

export class Memory {
  readonly #entries = new Map<string, Remembered>()

  recall(uid: string): Remembered {
    return this.#entries.get(uid) ?? NOTHING
  }

  note(uid: string, facts: Remembered): void {
    this.#entries.set(uid, { ...this.#entries.get(uid), ...facts })
  }

  forget(uid: string): void {
    this.#entries.delete(uid)
  }

  isInSync(sealed: KnownSealedSecret, secret: KnownSecret | undefined): boolean {
    const known = this.#entries.get(sealed.uid)?.inSync
    if (!known || !secret) return false
    const isSameSealed = known.generation === sealed.generation && known.scope === sealed.scope
    return isSameSealed && known.secretUid === secret.uid && known.secretVersion === secret.version
  }

  /** How many SealedSecrets each key opened last, by fingerprint. */
  countByKey(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { fingerprint } of this.#entries.values()) {
      if (fingerprint !== undefined) counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1)
    }
    return counts
  }
}

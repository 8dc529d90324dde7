/**
 * What earlier runs found out, by SealedSecret: what was in sync with what, which key opened it, and how often its Secret
 * had to be restored. Nothing here is needed for a right decision; without it the same decision costs more.
 * @module
 */
import type { KnownSealedSecret, KnownSecret } from './followed.ts'

/** Equal versions mean in sync: nothing to read, to open or to write. */
export interface InSync {
  readonly uid: string
  readonly generation: number
  readonly scope: string
  readonly secretUid: string
  readonly secretVersion: string
}

export interface Restored {
  readonly times: number
  readonly lastMs: number
}

export interface Remembered {
  readonly inSync?: InSync | undefined
  /** Fingerprint of the key that opened it last. */
  readonly fingerprint?: string | undefined
  readonly restored?: Restored | undefined
}

const NOTHING: Remembered = {}

export class Memory {
  readonly #entries = new Map<string, Remembered>()

  recall(key: string): Remembered {
    return this.#entries.get(key) ?? NOTHING
  }

  note(key: string, facts: Remembered): void {
    this.#entries.set(key, { ...this.#entries.get(key), ...facts })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }

  isInSync(key: string, sealed: KnownSealedSecret, secret: KnownSecret | undefined): boolean {
    const known = this.#entries.get(key)?.inSync
    if (!known || !secret) return false
    const sameSealed = known.uid === sealed.uid && known.generation === sealed.generation && known.scope === sealed.scope
    return sameSealed && known.secretUid === secret.uid && known.secretVersion === secret.version
  }
}

/**
 * The sealing keys that are loaded, in one order that every replica agrees on: newest first by the chosen time, then by the
 * age of the Secret, then by name. The first one is served and sealed to; all open.
 * @module
 */
import { openWithAsync, type OpenItemAsync, type SealingCertificate, type SealingKey } from '@waxseal/sealed'

export interface KeyEntry {
  readonly secretName: string
  readonly key: SealingKey
  readonly certificate: SealingCertificate
  /** What `--key-order-priority` chooses: the certificate's start, or the Secret's creation. */
  readonly orderMs: number
  readonly createdMs: number
}

export class Keyring {
  readonly #entries = new Map<string, KeyEntry>()
  #ordered: readonly KeyEntry[] = []
  #open: OpenItemAsync = openWithAsync([])

  /** Newest first. */
  get entries(): readonly KeyEntry[] {
    return this.#ordered
  }

  get newest(): KeyEntry | undefined {
    return this.#ordered[0]
  }

  find(fingerprint: string): SealingKey | undefined {
    return this.#ordered.find(({ key }) => key.fingerprint === fingerprint)?.key
  }

  /** Tries the keys off the event loop. */
  get open(): OpenItemAsync {
    return this.#open
  }

  put(entry: KeyEntry): void {
    const same = this.#entries.get(entry.secretName)?.key.fingerprint === entry.key.fingerprint
    this.#entries.set(entry.secretName, entry)
    this.#arrange(!same)
  }

  remove(secretName: string): void {
    if (this.#entries.delete(secretName)) this.#arrange(true)
  }

  #arrange(keysChanged: boolean): void {
    this.#ordered = [...this.#entries.values()].sort(newestFirst)
    // The same key in two Secrets is one key.
    if (keysChanged) this.#open = openWithAsync([...new Map(this.#ordered.map(({ key }) => [key.fingerprint, key])).values()])
  }
}

function newestFirst(a: KeyEntry, b: KeyEntry): number {
  return b.orderMs - a.orderMs || a.createdMs - b.createdMs || (a.secretName < b.secretName ? -1 : 1)
}

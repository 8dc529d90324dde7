/**
 * Names that wait for work, `namespace/name`: one of each namespace in turn, and in a namespace in the order of arrival. So nobody
 * waits behind the thousands of somebody else.
 * @module
 */
import { splitKey } from './observe.ts'

export class Waiting {
  /** The namespace whose turn it is comes first; none is empty. */
  readonly #byNamespace = new Map<string, Set<string>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  has(key: string): boolean {
    return this.#byNamespace.get(splitKey(key).namespace)?.has(key) ?? false
  }

  add(key: string): void {
    if (this.has(key)) return
    const { namespace } = splitKey(key)
    const keys = this.#byNamespace.get(namespace)
    if (keys) keys.add(key)
    else this.#byNamespace.set(namespace, new Set([key]))
    this.#size++
  }

  /** @returns the next one, which no longer waits; undefined if none of the namespaces that may has one */
  take(may: (namespace: string) => boolean): string | undefined {
    for (const [namespace, keys] of this.#byNamespace) {
      const [key] = keys
      if (key === undefined || !may(namespace)) continue
      keys.delete(key)
      this.#size--
      this.#byNamespace.delete(namespace)
      if (keys.size > 0) this.#byNamespace.set(namespace, keys) // behind the others
      return key
    }
    return undefined
  }
}

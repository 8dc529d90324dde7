/**
 * What takes long to find out, or a question to somebody, is found out once for each key: whoever comes meanwhile waits for the same
 * answer. What failed is tried again by the next who asks.
 * @module
 */
export class FoundOnce<Key, Value> {
  readonly #found = new Map<Key, Promise<Value>>()

  /** @param find - called if nobody has found it yet. @throws what it throws */
  async get(key: Key, find: () => Promise<Value>): Promise<Value> {
    const answer = this.#found.get(key) ?? find()
    this.#found.set(key, answer)
    try {
      return await answer
    } catch (error) {
      if (this.#found.get(key) === answer) this.#found.delete(key) // another may be under way already
      throw error
    }
  }
}

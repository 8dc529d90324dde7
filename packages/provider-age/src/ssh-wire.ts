/**
 * Fields as the SSH protocol carries them: each behind its length, four bytes big-endian.
 * Follows: RFC 4251 5 (string, mpint, uint32).
 * @module
 */

/** Takes fields one after the other; `null` once one is cut off. */
export class WireReader {
  #rest: Buffer
  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  get rest(): Buffer {
    return this.#rest
  }

  get isAtEnd(): boolean {
    return this.#rest.length === 0
  }

  number(): number | null {
    if (this.#rest.length < 4) return null
    const value = this.#rest.readUInt32BE()
    this.#rest = this.#rest.subarray(4)
    return value
  }

  /** A view. */
  bytes(): Buffer | null {
    const length = this.number()
    if (length === null || length > this.#rest.length) return null
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return bytes
  }

  text(): string | null {
    return this.bytes()?.toString('latin1') ?? null
  }
}

export function wireOf(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(field.length)
      return [length, field]
    }),
  )
}

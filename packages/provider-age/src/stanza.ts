/**
 * A stanza: `-> TYPE ARGS`, then its body in unpadded Base64, 64 columns a line, up to the first shorter line. Headers of files and
 * the talk with plugins are made of them.
 * Follows: C2SP age.md (recipient stanza), age-plugin.md (IPC protocol).
 * @module
 */
import { decodeUnpadded, encodeUnpadded, malformed } from './primitives.ts'

const BODY_COLUMNS = 64
const ARGUMENT = /^[\x21-\x7e]+$/

export interface Stanza {
  /** The type comes first. */
  readonly args: readonly string[]
  readonly body: Buffer
}

/** @returns lines, the last one with its end */
export function writeStanza({ args, body }: Stanza): string {
  const text = encodeUnpadded(body)
  const lines = [`-> ${args.join(' ')}`]
  for (let i = 0; i <= text.length; i += BODY_COLUMNS) lines.push(text.slice(i, i + BODY_COLUMNS))
  return `${lines.join('\n')}\n`
}

/** Puts a stanza together from lines, as they come. */
export class StanzaReader {
  #args: readonly string[] | undefined
  #parts: Buffer[] = []

  /** Between two stanzas. */
  get isIdle(): boolean {
    return this.#args === undefined
  }

  /**
   * @param line - without its end
   * @returns the stanza that it ends, or null
   * @throws CodedError METADATA_INVALID
   */
  take(line: string): Stanza | null {
    if (this.#args === undefined) {
      const [start, ...args] = line.split(' ')
      if (start !== '->' || args.length === 0 || !args.every((arg) => ARGUMENT.test(arg))) throw malformed('not a stanza')
      this.#args = args
      return null
    }
    const bytes = line.length <= BODY_COLUMNS ? decodeUnpadded(line) : null
    if (!bytes) throw malformed('the body of a stanza is not Base64')
    this.#parts.push(bytes)
    if (line.length === BODY_COLUMNS) return null
    const stanza = { args: this.#args, body: Buffer.concat(this.#parts) }
    for (const part of this.#parts) part.fill(0)
    this.#args = undefined
    this.#parts = []
    return stanza
  }
}

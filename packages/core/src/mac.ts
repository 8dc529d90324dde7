/**
 * The file's MAC input: SHA-512 over the canonical text of every value in walk order, nothing between them.
 * Keys, nulls, comments and structure are not covered. Stored encrypted, as upper-case hexadecimal.
 * Follows: getsops/sops sops.go (Tree.Encrypt). Vectors: test/walk.test.ts
 * @module
 */
import { createHash } from 'node:crypto'
import type { Value } from './tree.ts'
import { valueText } from './value-text.ts'

/** SHA-256 of "sops": fed first if only encrypted values are covered, so that the two kinds of MAC never agree. */
const ONLY_ENCRYPTED_PREFIX = Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex')

export interface Mac {
  add(value: Exclude<Value, null>): void
  digest(): string
}

export function createMac(onlyEncrypted: boolean): Mac {
  const hash = createHash('sha512')
  if (onlyEncrypted) hash.update(ONLY_ENCRYPTED_PREFIX)
  return {
    add: (value) => void hash.update(valueText(value)),
    digest: () => hash.digest('hex').toUpperCase(),
  }
}

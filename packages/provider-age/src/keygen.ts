/**
 * A new X25519 identity with the text of its file.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { identityText, privateKey, publicPoint, recipientText } from './x25519.ts'

export interface NewIdentity {
  readonly recipient: string
  /** As age-keygen writes it: creation time, recipient, identity. Secret. */
  readonly fileText: string
}

export function generateIdentity(now: Date, random: (bytes: number) => Uint8Array = randomBytes): NewIdentity {
  const scalar = random(32)
  try {
    const recipient = recipientText(publicPoint(privateKey(scalar)))
    const created = `${now.toISOString().slice(0, 19)}Z`
    return { recipient, fileText: `# created: ${created}\n# public key: ${recipient}\n${identityText(scalar)}\n` }
  } finally {
    scalar.fill(0)
  }
}

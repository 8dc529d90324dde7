/**
 * The kinds of age keys that `age-encryption` has and Node's crypto has not: post-quantum hybrid. Loaded when first used.
 * @module
 */

export async function wrapHybrid(part: Uint8Array, recipient: string): Promise<Uint8Array> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return encrypter.encrypt(part)
}

/** @returns null if none of the identities fits */
export async function unwrapHybrid(file: Uint8Array, identities: readonly string[]): Promise<Uint8Array | null> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  try {
    return await decrypter.decrypt(file)
  } catch {
    return null
  }
}

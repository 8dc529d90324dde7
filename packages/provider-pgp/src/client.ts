/**
 * What `openpgp` does: reads keys and messages, encrypts and decrypts. Loaded when first used.
 * Follows: RFC 9580, and RFC 4880 for what older programs write. Messages without integrity protection are refused.
 * What the library says of a failure is left out: it may quote what it choked on.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Key, PartialConfig, PrivateKey } from 'openpgp'

export type OpenPgpKey = Key
export type OpenPgpSecretKey = PrivateKey

/** A part of a data key has 33 bytes: what unpacks to more than this is none. */
const MAX_UNPACKED_BYTES = 64 * 1024
const CONFIG: PartialConfig = { maxDecompressedMessageSize: MAX_UNPACKED_BYTES }
/** RFC 9580 5.1: the key ID of a recipient that is not told. */
const HIDDEN_RECIPIENT = '0'.repeat(16)
const SHORT_ID_LENGTH = 8
const ARMOR_BEGIN = '-----BEGIN PGP '
const ARMOR_END = '-----END PGP '

/** @throws CodedError IDENTITY_INVALID */
export async function readKeys(source: Uint8Array): Promise<readonly OpenPgpKey[]> {
  const openpgp = await import('openpgp')
  try {
    const blocks = armoredBlocks(Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString('latin1'))
    if (blocks.length === 0) return await openpgp.readKeys({ binaryKeys: source, config: CONFIG })
    return (await Promise.all(blocks.map((armoredKeys) => openpgp.readKeys({ armoredKeys, config: CONFIG })))).flat()
  } catch {
    throw new CodedError('IDENTITY_INVALID', 'reading PGP keys failed: malformed or unsupported key')
  }
}

/** The library reads one block at a time. */
function armoredBlocks(text: string): readonly string[] {
  const [, ...blocks] = text.split(ARMOR_BEGIN)
  return blocks.filter((block) => block.includes(ARMOR_END)).map((block) => ARMOR_BEGIN + block)
}

/**
 * @param part - borrowed
 * @param fingerprint - or key ID; `!` behind it forces the key or subkey that it names
 * @returns an armored message without final newline; null if none of the keys fits
 * @throws CodedError WRAP_FAILED - expired, revoked or not for encryption
 */
export async function encryptMessage(part: Uint8Array, keys: readonly OpenPgpKey[], fingerprint: string): Promise<string | null> {
  const openpgp = await import('openpgp')
  const name = fingerprint.replace(/^0x|!$/g, '').toLowerCase()
  for (const key of keys) {
    const named = key.getKeys().find((one) => one.getFingerprint().endsWith(name))
    if (!named) continue
    try {
      const message = await openpgp.createMessage({ binary: part })
      const forced = fingerprint.endsWith('!') ? { encryptionKeyIDs: named.getKeyID() } : {}
      return (await openpgp.encrypt({ message, encryptionKeys: key.toPublic(), config: CONFIG, ...forced })).trim()
    } catch {
      throw new CodedError('WRAP_FAILED', `key with fingerprint '${fingerprint}' cannot be used to encrypt: it is expired, revoked, too weak or made for something else`)
    }
  }
  return null
}

/**
 * Protected keys are asked for last: a message may hide whom it is for.
 * @param armored - from a file: hostile
 * @param unlock - gives a protected key without protection. @throws CodedError
 * @returns the content, owned by the caller
 * @throws CodedError IDENTITY_INVALID
 */
export async function decryptMessage(armored: string, keys: readonly OpenPgpKey[], unlock: (key: PrivateKey) => Promise<PrivateKey>): Promise<Uint8Array> {
  const openpgp = await import('openpgp')
  const readMessage = () => openpgp.readMessage({ armoredMessage: armored, config: CONFIG })
  const message = await readMessage().catch(() => {
    throw new CodedError('IDENTITY_INVALID', 'armor decoding failed: not an OpenPGP message')
  })
  const wanted = message.getEncryptionKeyIDs()
  const fitting = keys.filter((key): key is PrivateKey => key.isPrivate() && wanted.some((id) => id.toHex() === HIDDEN_RECIPIENT || key.getKeys(id).length > 0))
  if (fitting.length === 0) throw new CodedError('IDENTITY_INVALID', 'reading PGP message failed: no secret key fits')
  const isReady = (key: PrivateKey): boolean => key.isDecrypted()
  const failures: CodedError[] = []
  for (const key of [...fitting.filter(isReady), ...fitting.filter((one) => !isReady(one))]) {
    try {
      const decryptionKeys = isReady(key) ? key : await unlock(key)
      const { data } = await openpgp.decrypt({ message: await readMessage(), decryptionKeys, format: 'binary', config: CONFIG }) // a message is used up
      return data
    } catch (error) {
      if (error instanceof CodedError && error.code === 'CANCELED') throw error
      failures.push(error instanceof CodedError ? error : new CodedError('IDENTITY_INVALID', 'reading PGP message failed: wrong key or altered message'))
    }
  }
  throw failures.at(-1) ?? new TypeError('no key was tried')
}

/** Where passphrases come from; see `Keyring`. */
interface PassphraseSource {
  passphrase(keyId: string): Promise<string>
  forgetPassphrase?(keyId: string): Promise<void>
}

/** @throws CodedError IDENTITY_INVALID, CANCELED */
export async function unlockKey(privateKey: PrivateKey, source: PassphraseSource): Promise<PrivateKey> {
  const { decryptKey } = await import('openpgp')
  const keyId = privateKey.getKeyID().toHex().toUpperCase().slice(-SHORT_ID_LENGTH)
  const name = `PGP key ${privateKey.getFingerprint().toUpperCase()}`
  const passphrase = await source.passphrase(keyId).catch((error: unknown) => {
    if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
    throw new CodedError('IDENTITY_INVALID', `${name} is protected by a passphrase: ${error.message}`)
  })
  try {
    return await decryptKey({ privateKey, passphrase, config: CONFIG })
  } catch {
    await source.forgetPassphrase?.(keyId)
    throw new CodedError('IDENTITY_INVALID', `incorrect passphrase for ${name}, or the key is damaged`)
  }
}

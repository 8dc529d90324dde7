/**
 * What encrypts to and decrypts with PGP keys: the gpg program, or a keyring in this process.
 * @module
 */

export interface Engine {
  /**
   * @param part - borrowed
   * @param fingerprint - `checkFingerprint`
   * @returns an armored message without final newline
   * @throws CodedError
   */
  wrap(part: Uint8Array, fingerprint: string, signal: AbortSignal): Promise<string>
  /**
   * @param message - armored, from the file
   * @returns the part, owned by the caller
   * @throws CodedError
   */
  unwrap(message: string, signal: AbortSignal): Promise<Uint8Array>
}

/**
 * Where files are published: an S3 or GCS bucket takes them as they are, a Vault key/value store takes their values.
 * @module
 */
export type Destination = Bucket | ValueStore

/** Keeps encrypted files. */
export interface Bucket {
  readonly kind: 'bucket'
  /** For people. */
  address(name: string): string
  upload(name: string, bytes: Uint8Array): Promise<void>
}

/** Keeps plaintext under its own protection. */
export interface ValueStore {
  readonly kind: 'values'
  address(name: string): string
  /**
   * @param json - an object
   * @returns whether something was written
   */
  upload(name: string, json: string): Promise<boolean>
}

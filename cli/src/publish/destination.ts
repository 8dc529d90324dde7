/**
 * Where files are published: an S3 or GCS bucket takes them as they are, a Vault key/value store takes their values.
 * @module
 */
import type { DestinationRule } from '@waxseal/core'
import type { Context } from '../context.ts'

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

/** @param warn - tells what went wrong without ending the upload */
export async function connectDestination(rule: NonNullable<DestinationRule['destination']>, context: Context, warn: (message: string) => void): Promise<Destination> {
  if (rule.kind === 'vault') return (await import('./vault-values.ts')).vaultValues(rule, context, warn)
  return rule.kind === 's3' ? (await import('./s3.ts')).s3Bucket(rule, context) : (await import('./gcs.ts')).gcsBucket(rule, context)
}

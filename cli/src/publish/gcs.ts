/**
 * Google Cloud Storage, which is named in questions and refused.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Bucket } from './destination.ts'

export function gcsBucket({ bucket, prefix }: { readonly bucket: string; readonly prefix: string }): Bucket {
  return {
    kind: 'bucket',
    address: (name) => `gcs://${bucket}/${prefix}${name}`,
    upload: () => Promise.reject(new CodedError('PUBLISH_FAILED', 'files cannot be uploaded to Google Cloud Storage in this version')),
  }
}

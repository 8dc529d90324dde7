/**
 * Uploads to Amazon S3 and what speaks its protocol, with the credentials, Region and endpoint that AWS's SDK finds.
 * Follows: getsops/sops publish/s3.go.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { serviceAgents } from '../providers/service-agents.ts'
import type { Bucket } from './destination.ts'

export function s3Bucket({ bucket, prefix }: { readonly bucket: string; readonly prefix: string }, context: Context): Bucket {
  return {
    kind: 'bucket',
    address: (name) => `s3://${bucket}/${prefix}${name}`,
    async upload(name, bytes) {
      const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
      const { http: httpAgent, https: httpsAgent } = serviceAgents(context, { bundle: context.env['AWS_CA_BUNDLE'] })
      const client = new S3Client({ requestHandler: { httpAgent, httpsAgent } })
      try {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}${name}`, Body: bytes }), { abortSignal: context.signal })
      } catch (cause) {
        throw new CodedError('PUBLISH_FAILED', `cannot upload to s3://${bucket}/${prefix}${name}: ${reasonOf(cause)}`, {
          cause,
          hint: 'look at the bucket, the Region (AWS_REGION) and the credentials',
        })
      } finally {
        client.destroy()
      }
    },
  }
}

/** The service's own words, or the SDK's. They hold no credentials: signatures are not part of them. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : 'unknown error'
}

/**
 * Uploads to Google Cloud Storage, with the credentials of Google's key service.
 * Follows: cloud.google.com/storage/docs/json_api (objects.insert, media upload); cloud.google.com/go/storage (STORAGE_EMULATOR_HOST).
 * @module
 */
import { CodedError, createServiceCaller } from '@waxseal/core'
import { createHttpClient, judgeNetwork, judgeStatus, type Answer } from '@waxseal/http'
import { createAuthorize } from '@waxseal/provider-gcp'
import type { Context } from '../context.ts'
import { gcpSettings } from '../providers/gcp.ts'
import type { Bucket } from './destination.ts'

const SERVICE = 'https://storage.googleapis.com'
const UNIVERSE = 'googleapis.com'

class Refused extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super(`status ${answer.status}`)
    this.answer = answer
  }
}

export function gcsBucket({ bucket, prefix }: { readonly bucket: string; readonly prefix: string }, context: Context): Bucket {
  const emulator = context.env['STORAGE_EMULATOR_HOST']
  return {
    kind: 'bucket',
    address: (name) => `gcs://${bucket}/${prefix}${name}`,
    async upload(name, bytes) {
      const what = `cannot upload to gcs://${bucket}/${prefix}${name}`
      const server = emulator ? (emulator.includes('://') ? emulator : `http://${emulator}`) : SERVICE
      const url = URL.parse(`/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=media&name=${encodeURIComponent(prefix + name)}`, server)
      if (url === null) throw new CodedError('CONFIG_INVALID', 'STORAGE_EMULATOR_HOST is neither host:port nor a URL')
      const settings = gcpSettings(context)
      const agents = await settings.agents()
      const authorize = emulator ? undefined : createAuthorize(settings, agents, UNIVERSE)
      const client = createHttpClient({ agents })
      const caller = createServiceCaller({
        service: 'Google Cloud Storage',
        judge: (cause) => (cause instanceof Refused ? judgeStatus(`${what}: ${cause.message}`, cause.answer, { hint: 'look at the bucket, and at what the credentials may do' }) : judgeNetwork(what, cause)),
      })
      await caller.operation(context.signal, async (call) => {
        const authorization = authorize ? await call(authorize) : {}
        await call(async (signal) => {
          const answer = await client.send({ method: 'POST', url, headers: { ...authorization, 'content-type': 'application/octet-stream' }, body: bytes }, signal)
          if (answer.status >= 300) throw new Refused(answer)
        })
      })
    },
  }
}

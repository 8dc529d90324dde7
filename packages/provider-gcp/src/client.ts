/**
 * A client of Google's key service: credentials, transport, checksums. Loaded when the first key is used.
 * The service is the same over REST and gRPC. REST needs less and passes every proxy, so gRPC is used where it was asked for: by name, or by an endpoint
 * that is a host and a port, as gRPC writes them.
 * Follows: getsops/sops gcpkms/keysource.go (newKMSClient); cloud.google.com/kms/docs/data-integrity-guidelines.
 * @module
 */
import { CodedError, type Call } from '@waxseal/core'
import { crc32c } from './crc32c.ts'
import { createAuthorize } from './credentials.ts'
import { KmsRefusal, type KmsRequest, type Transport } from './kms.ts'
import type { GcpSettings } from './settings.ts'

const DEFAULT_UNIVERSE = 'googleapis.com'
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/

/** @returns what the key made of the input, owned by the caller */
export type KmsClient = (call: Call, action: KmsRequest['action'], key: string, input: Uint8Array) => Promise<Uint8Array>

/** @throws CodedError CREDENTIALS_MISSING, CONFIG_INVALID */
export async function createKmsClient(settings: GcpSettings): Promise<KmsClient> {
  const { endpoint, clientType, universeDomain = DEFAULT_UNIVERSE } = settings
  const isRest = clientType === undefined ? endpoint === undefined || endpoint.includes('://') : clientType.toLowerCase() === 'rest'
  const url = endpointUrl(endpoint, universeDomain)
  const agents = await settings.agents()
  const authorize = createAuthorize(settings, agents, endpoint === undefined ? universeDomain : undefined)
  const send: Transport = isRest ? (await import('./rest.ts')).restTransport(url, agents) : (await import('./grpc.ts')).grpcTransport(url, agents)

  return async (call, action, key, input) => {
    const authorization = await call(authorize)
    return await call(async (signal) => {
      const answer = await send({ action, key, input, inputCrc32c: crc32c(input) }, authorization, signal)
      if (answer.crc32c === undefined || answer.crc32c === crc32c(answer.output)) return answer.output
      answer.output.fill(0)
      throw new KmsRefusal('DATA_LOSS', 'the answer was altered on its way: its checksum differs')
    })
  }
}

function endpointUrl(endpoint: string | undefined, universeDomain: string): URL {
  if (endpoint === undefined && !DOMAIN.test(universeDomain)) throw new CodedError('CONFIG_INVALID', `the universe domain ${JSON.stringify(universeDomain)} is not the name of a domain`)
  const text = endpoint ?? `https://cloudkms.${universeDomain}`
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '') return url
  throw new CodedError('CONFIG_INVALID', 'the endpoint of GCP KMS is neither host:port nor a URL', { hint: 'set SOPS_GCP_KMS_ENDPOINT to https://HOST' })
}

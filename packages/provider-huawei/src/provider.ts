/**
 * Keys of HuaweiCloud KMS as master keys. The service takes text, so it gets the part of the data key in base64, and gives that back.
 * Follows: getsops/sops hckms/keysource.go (EncryptContext, DecryptContext).
 * @module
 */
import { CodedError, createServiceCaller, decodeBase64, encodeBase64, inStep, Session, type KeyProvider, type ServiceCaller } from '@waxseal/core'
import type { HuaweiClient } from './client.ts'
import { fieldsOf, newRef, refFrom, refFromGroup, type HuaweiRef } from './ref.ts'
import { kmsEndpoint } from './regions.ts'
import type { HuaweiSettings } from './settings.ts'

interface Service {
  readonly client: HuaweiClient
  readonly caller: ServiceCaller
  readonly settings: HuaweiSettings
}

/** @param readSettings - asked when the first key is used, and when credentials were refused after a while. @throws CodedError what it throws */
export function createHuaweiProvider(readSettings: () => Promise<HuaweiSettings>): KeyProvider<HuaweiRef> {
  const session = new Session<Service>(async () => {
    const { HuaweiClient: Client, judge } = await import('./client.ts')
    const settings = await readSettings()
    return { client: new Client(settings), caller: createServiceCaller({ service: 'HuaweiCloud KMS', judge, limits: settings.limits ?? {} }), settings }
  })

  /** @param field - of the answer. @returns its text */
  async function ask(action: 'encrypt' | 'decrypt', { region, uuid }: HuaweiRef, text: string, field: string, signal: AbortSignal): Promise<string> {
    return await inStep(`failed to ${action} sops data key with HuaweiCloud KMS`, () => session.use(async ({ client, caller, settings }) => {
      const endpoint = endpointOf(region, settings)
      const { [field]: found } = await caller.operation(signal, (call) => client.ask(call, { action, region, endpoint, keyId: uuid, text }))
      if (typeof found !== 'string' || found === '') throw new CodedError('KEY_SERVICE_FAILED', `${action}ion response missing ${field}`)
      return found
    }))
  }

  return {
    type: 'hckms',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    skipsEmptyText: true,
    fromGroup: (element, context) => [refFromGroup(element, context)],
    displayName: ({ keyId }) => keyId,
    credentialSource: async () => (await session.last())?.client.credentialSource(),
    async wrap(part, ref, { signal }) {
      return { ...ref, enc: await ask('encrypt', ref, encodeBase64(part), 'cipher_text', signal) }
    },
    async unwrap(ref, { signal }) {
      const part = decodeBase64(await ask('decrypt', ref, ref.enc, 'plain_text', signal))
      if (part === null) throw new CodedError('KEY_REJECTED', 'failed to base64 decode decrypted data key')
      return part
    },
  }
}

/** @throws CodedError HOST_REFUSED */
function endpointOf(region: string, settings: HuaweiSettings): string {
  const endpoint = settings.endpoint(region) ?? kmsEndpoint(region)
  if (endpoint !== undefined && URL.canParse(endpoint)) return endpoint
  throw new CodedError('HOST_REFUSED', `invalid region ${JSON.stringify(region)}: it is not among the supported regions of HuaweiCloud KMS`, {
    hint: 'HUAWEICLOUD_SDK_REGION_KMS_ and the name of a region (CN_NORTH_4) sets its endpoint',
  })
}

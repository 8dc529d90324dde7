/**
 * GCP KMS keys as master keys. The file names a key, never a host: that is the environment's.
 * Follows: getsops/sops gcpkms/keysource.go (EncryptContext, DecryptContext).
 * @module
 */
import { CodedError, createServiceCaller, decodeBase64, encodeBase64, inStep, Session, type KeyProvider, type ServiceCaller } from '@waxseal/core'
import type { KmsClient } from './client.ts'
import { checkResourceId, fieldsOf, newRef, refFrom, refFromGroup, type GcpRef } from './ref.ts'
import type { GcpSettings } from './settings.ts'

/** @param readSettings - asked when the first key is used, and when credentials were refused after a while. @throws CodedError what it throws */
export function createGcpProvider(readSettings: () => GcpSettings): KeyProvider<GcpRef> {
  const session = new Session(async (): Promise<{ readonly client: KmsClient; readonly caller: ServiceCaller }> => {
    const [{ createKmsClient }, { judge }] = await Promise.all([import('./client.ts'), import('./kms.ts')])
    const { limits, ...settings } = readSettings()
    return { client: await createKmsClient(settings), caller: createServiceCaller({ service: 'GCP KMS', judge, ...(limits && { limits }) }) }
  })

  async function ask(action: 'encrypt' | 'decrypt', ref: GcpRef, input: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    checkResourceId(ref)
    return await inStep(`failed to ${action} sops data key with GCP KMS key`, () => session.use(({ client, caller }) => caller.operation(signal, (call) => client(call, action, ref.resourceId, input))))
  }

  return {
    type: 'gcp_kms',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup: (element, context) => [refFromGroup(element, context)],
    displayName: ({ resourceId }) => resourceId,
    async credentialSource() {
      const { credentials, accessToken } = readSettings()
      if (credentials) return 'GOOGLE_CREDENTIALS'
      return accessToken === undefined ? 'application default credentials of Google' : 'GOOGLE_OAUTH_ACCESS_TOKEN'
    },
    async wrap(part, ref, { signal }) {
      return { ...ref, enc: encodeBase64(await ask('encrypt', ref, part, signal)) }
    },
    async unwrap(ref, { signal }) {
      const sealed = decodeBase64(ref.enc.replace(/[\r\n]/g, '')) // Go's decoder passes over line ends
      if (!sealed?.length) throw new CodedError('KEY_REJECTED', 'the wrapped key of a gcp_kms entry is not base64', { hint: 'the file was altered: restore it' })
      return await ask('decrypt', ref, sealed, signal)
    },
  }
}

/**
 * RSA keys of Azure Key Vault and Managed HSM as master keys. A part of a data key is wrapped by the service, with RSA-OAEP and SHA-256.
 * Follows: getsops/sops azkv/keysource.go (EncryptContext, DecryptContext, ensureKeyHasVersion).
 * @module
 */
import { CodedError, createServiceCaller, inStep, Session, type Call, type KeyProvider, type ServiceCaller } from '@waxseal/core'
import type { KeyVaultClient, VaultKey } from './client.ts'
import { fieldsOf, nameOf, newRef, refFrom, refFromGroup, type AzureRef } from './ref.ts'
import type { AzureSettings } from './settings.ts'
import { checkAddress } from './vault-address.ts'

interface Service {
  readonly client: KeyVaultClient
  readonly caller: ServiceCaller
}

export function createAzureProvider(settings: AzureSettings): KeyProvider<AzureRef> {
  const session = new Session(async (): Promise<Service> => {
    const { createKeyVaultClient, judge } = await import('./client.ts')
    return { client: createKeyVaultClient(await settings.agents()), caller: createServiceCaller({ service: 'Azure Key Vault', judge, ...(settings.limits && { limits: settings.limits }) }) }
  })

  /** @param step - before the reason, in an error */
  async function use<T>(step: string, ref: AzureRef, signal: AbortSignal, work: (client: KeyVaultClient, call: Call, key: VaultKey) => Promise<T>): Promise<T> {
    return await inStep(step, async () => {
      const key = { vault: checkAddress(ref, settings.hosts), name: ref.name, version: ref.version }
      return await session.use(({ client, caller }) => caller.operation(signal, (call) => work(client, call, key)))
    })
  }

  return {
    type: 'azure_kv',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup: (element, context) => [refFromGroup(element, context)],
    displayName: nameOf,
    credentialSource: async () => settings.credentialSource ?? 'default credentials of Azure',
    async complete(ref, { signal }) {
      if (ref.version !== '') return ref
      return { ...ref, version: await use('failed to fetch Azure Key to retrieve key version', ref, signal, (client, call, key) => client.newestVersion(call, key)) }
    },
    async wrap(part, ref, { signal }) {
      const step = `failed to encrypt sops data key with Azure Key Vault key '${nameOf(ref)}'`
      const { output, version } = await use(step, ref, signal, (client, call, key) => client.perform(call, 'encrypt', key, part))
      return { ...ref, version: ref.version || version, enc: Buffer.from(output).toString('base64url') }
    },
    async unwrap(ref, { signal }) {
      const text = ref.enc.replace(/[\r\n]/g, '') // Go's decoder passes over line ends
      const sealed = Buffer.from(text, 'base64url')
      if (sealed.length === 0 || sealed.toString('base64url') !== text) {
        throw new CodedError('KEY_REJECTED', 'failed to base64 decode Azure Key Vault encrypted key', { hint: 'the file was altered: restore it' })
      }
      const step = `failed to decrypt sops data key with Azure Key Vault key '${nameOf(ref)}'`
      return (await use(step, ref, signal, (client, call, key) => client.perform(call, 'decrypt', key, sealed))).output
    },
  }
}

/**
 * Where a key lies, checked before anything is asked: what stands in a file becomes a host and a path.
 * Follows: learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates (names, versions, domains of the clouds).
 * @module
 */
import { CodedError, type HostPolicy } from '@waxseal/core'
import { isFromFile, type AzureRef } from './ref.ts'

/** Vaults and Managed HSMs of the public cloud, China, US Government, and the former German cloud. */
const VENDOR_HOST = /^https:\/\/[a-z0-9][a-z0-9-]{1,22}[a-z0-9]\.(?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net|microsoftazure\.de)$/
const NAME = /^[A-Za-z0-9-]{1,127}$/
const VERSION = /^[A-Za-z0-9-]{0,64}$/

/**
 * @returns URL of the vault
 * @throws CodedError HOST_REFUSED, RECIPIENT_INVALID
 */
export function checkAddress(ref: AzureRef, hosts: HostPolicy): URL {
  const { vaultUrl, name, version } = ref
  const url = URL.parse(vaultUrl)
  if (url === null || url.protocol !== 'https:' || url.username !== '' || ![url.origin, url.href].includes(vaultUrl.toLowerCase()) || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new CodedError('HOST_REFUSED', 'the vault URL of an Azure Key Vault key is not of the form https://VAULT.vault.azure.net', { hint: 'correct the key' })
  }
  if (isFromFile(ref)) hosts.check({ what: 'Azure Key Vault', url: url.origin, vendor: VENDOR_HOST })
  if (!NAME.test(name) || !VERSION.test(version)) {
    throw new CodedError('RECIPIENT_INVALID', `${JSON.stringify(`${name}/${version}`)} does not name a key and its version in ${url.origin}`, { hint: 'they have letters, digits and hyphens' })
  }
  return url
}

/**
 * The metadata entry of a key in Azure Key Vault or a Managed HSM: `vault_url`, `name`, `version`, `enc` (base64url of the RSA cipher text, without
 * padding) and `created_at`. Flags and rules write it as `https://VAULT.vault.azure.net/keys/NAME/VERSION`; without the version, the newest is looked
 * up and stored.
 * Follows: getsops/sops azkv/keysource.go (NewMasterKeyFromURL, NewMasterKeyWithOptionalVersion, ToMap).
 * @module
 */
import { CodedError, formatTimestamp, isMap, weakString, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface AzureRef extends Ref {
  readonly type: 'azure_kv'
  /** Scheme and host. */
  readonly vaultUrl: string
  readonly name: string
  /** Empty: the newest one. */
  readonly version: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

const KEY_URL = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/
const HINT = 'a key of a vault: https://VAULT.vault.azure.net/keys/NAME/VERSION'

/** @throws CodedError RECIPIENT_INVALID */
export function newRef(text: string, context: RecipientContext): AzureRef {
  const url = text.trim()
  const [, vaultUrl, name = '', version = ''] = KEY_URL.exec(url) ?? []
  if (vaultUrl?.includes('@')) throw new CodedError('RECIPIENT_INVALID', 'an Azure Key Vault URL with credentials in it, which everybody could read in the file', { hint: HINT })
  if (vaultUrl === undefined) throw new CodedError('RECIPIENT_INVALID', `could not parse ${JSON.stringify(url)} into a valid Azure Key Vault MasterKey []`, { hint: HINT })
  return refOf({ vaultUrl, name, version }, context)
}

/** @throws CodedError CONFIG_INVALID */
export function refFromGroup(element: Plain, context: RecipientContext): AzureRef {
  if (!isMap(element)) throw new CodedError('CONFIG_INVALID', 'an azure_keyvault key of a key group must be a mapping with vaultUrl, key and version')
  const text = (name: string): string => weakString(element[name], { code: 'CONFIG_INVALID', name: `${name} of an azure_keyvault key` })
  return refOf({ vaultUrl: text('vaultUrl'), name: text('key'), version: text('version') }, context)
}

function refOf(key: Pick<AzureRef, 'vaultUrl' | 'name' | 'version'>, { now }: RecipientContext): AzureRef {
  return { type: 'azure_kv', ...key, enc: '', createdAt: formatTimestamp(now), fields: Object.create(null) as PlainMap }
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): AzureRef {
  const text = (name: string): string => weakString(entry[name], { code: 'METADATA_INVALID', name: `${name} of an azure_kv key in the sops metadata` })
  return { type: 'azure_kv', vaultUrl: text('vault_url'), name: text('name'), version: text('version'), enc: text('enc'), createdAt: text('created_at'), fields: entry }
}

export function fieldsOf({ vaultUrl, name, version, enc, createdAt, fields }: AzureRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, fields, { created_at: createdAt, enc, name, vault_url: vaultUrl, version })
}

/** A rule or a flag names it; what a file names has to be allowed. */
export function isFromFile({ fields }: AzureRef): boolean {
  return 'vault_url' in fields
}

export function nameOf({ vaultUrl, name, version }: AzureRef): string {
  return `${vaultUrl}/keys/${name}/${version}`
}

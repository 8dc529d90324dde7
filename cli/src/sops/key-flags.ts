/**
 * The kinds of master keys as the command line names them. Each command has its own order of kinds; it decides the order of keys
 * in a group, and with it what a new file looks like.
 * @module
 */
import type { Flag } from './flags.ts'

export interface KeyKind {
  /** Flag name; with `add-` and `rm-` before it for `rotate`. */
  readonly flag: string
  readonly short?: string
  readonly env: string
  /** The provider's `type`. */
  readonly type: string
  /** What a value is, for help texts. */
  readonly what: string
}

const KIND = {
  kms: { flag: 'kms', short: 'k', env: 'SOPS_KMS_ARN', type: 'kms', what: 'AWS KMS key ARNs' },
  gcp: { flag: 'gcp-kms', env: 'SOPS_GCP_KMS_IDS', type: 'gcp_kms', what: 'GCP KMS resource IDs' },
  hckms: { flag: 'hckms', env: 'SOPS_HUAWEICLOUD_KMS_IDS', type: 'hckms', what: 'HuaweiCloud KMS keys (region:id)' },
  azure: { flag: 'azure-kv', env: 'SOPS_AZURE_KEYVAULT_URLS', type: 'azure_kv', what: 'Azure Key Vault key URLs' },
  vault: { flag: 'hc-vault-transit', env: 'SOPS_VAULT_URIS', type: 'hc_vault', what: 'Vault transit key URIs' },
  pgp: { flag: 'pgp', short: 'p', env: 'SOPS_PGP_FP', type: 'pgp', what: 'PGP fingerprints' },
  age: { flag: 'age', short: 'a', env: 'SOPS_AGE_RECIPIENTS', type: 'age', what: 'age recipients' },
} as const satisfies Record<string, KeyKind>

/** A new file's group. */
export const ENCRYPT_ORDER: readonly KeyKind[] = [KIND.kms, KIND.gcp, KIND.hckms, KIND.azure, KIND.pgp, KIND.vault, KIND.age]
/** `rotate --add-*`. */
export const ROTATE_ORDER: readonly KeyKind[] = [KIND.kms, KIND.pgp, KIND.gcp, KIND.hckms, KIND.azure, KIND.vault, KIND.age]
/** `groups add`, where the reference takes `--hckms` and forgets it. */
export const GROUP_ORDER: readonly KeyKind[] = [KIND.pgp, KIND.kms, KIND.gcp, KIND.hckms, KIND.vault, KIND.azure, KIND.age]

/** In the order in which help texts list them. */
const KINDS: readonly KeyKind[] = [KIND.kms, KIND.gcp, KIND.hckms, KIND.azure, KIND.vault, KIND.pgp, KIND.age]

const AWS_PROFILE: Flag = { names: ['aws-profile'], kind: 'string', usage: 'AWS profile for requests to AWS KMS' }
export const ENCRYPTION_CONTEXT: Flag = { names: ['encryption-context'], kind: 'string', usage: 'comma separated key:value pairs for AWS KMS keys' }

export const KEY_FLAGS: readonly Flag[] = KINDS.flatMap((kind) => {
  const flag: Flag = { names: kind.short ? [kind.flag, kind.short] : [kind.flag], kind: 'string', usage: `${kind.what}, comma separated`, env: kind.env }
  return kind.type === 'kms' ? [flag, AWS_PROFILE] : [flag]
})

export const ADD_AND_REMOVE_FLAGS: readonly Flag[] = [KIND.gcp, KIND.hckms, KIND.azure, KIND.kms, KIND.vault, KIND.age, KIND.pgp].flatMap((kind) => [
  { names: [`add-${kind.flag}`], kind: 'string', usage: `add these ${kind.what}, comma separated, to the file` },
  { names: [`rm-${kind.flag}`], kind: 'string', usage: `remove these ${kind.what}, comma separated, from the file` },
])

export const GROUP_FLAGS: readonly Flag[] = [KIND.pgp, KIND.kms, KIND.gcp, KIND.hckms, KIND.azure, KIND.vault, KIND.age].flatMap((kind) => {
  const flag: Flag = { names: [kind.flag], kind: 'list', usage: `${kind.what} of the new group; may be repeated` }
  return kind.type === 'kms' ? [flag, AWS_PROFILE] : [flag]
})

/**
 * What the program knows of the user's HuaweiCloud account. Reading it is the program's affair.
 * @module
 */
import type { CallLimits } from '@waxseal/core'
import type { HttpClientOptions } from '@waxseal/http'

/** Access key and what belongs to it. */
export interface Credential {
  readonly id: string
  readonly secret: string
  /** Of a temporary access key. */
  readonly securityToken?: string
}

/** `projectId`: empty or absent, it is looked up. `iamEndpoint`: absent, that of the region. */
export interface Account {
  readonly projectId?: string
  readonly iamEndpoint?: string
}

export type CredentialSource = {
  /** Where it is found, for people. */
  readonly name: string
} & (
  | ({ readonly kind: 'access-key' } & Credential & Account)
  /** A token of an OpenID Connect provider becomes a temporary access key. */
  | ({ readonly kind: 'federated'; readonly idpId: string; readonly idToken: () => string } & Account)
  /** The metadata service of the machine. @property endpoint - for tests; it has one address everywhere */
  | { readonly kind: 'instance'; readonly endpoint?: string }
  /** The agent of a CCE cluster. */
  | { readonly kind: 'pod'; readonly url: string; readonly token: () => string }
)

export interface HuaweiSettings {
  /** The first that can be used is. */
  readonly sources: readonly CredentialSource[]
  /** What environment or configuration set for the key service of a region. */
  readonly endpoint: (region: string) => string | undefined
  readonly http?: HttpClientOptions
  readonly limits?: Partial<CallLimits>
}

/**
 * What the program hands over to use Azure. Credentials are found by Microsoft's own library, in the environment and with the tools of developers.
 * @module
 */
import type { CallLimits, HostPolicy } from '@waxseal/core'
import type { Agents } from '@waxseal/http'

export interface AzureSettings {
  readonly hosts: HostPolicy
  /** For the vaults and for fetching tokens. */
  readonly agents: () => Promise<Agents>
  /** What narrows the chain of credentials, for people. */
  readonly credentialSource?: string
  readonly limits?: Partial<CallLimits>
}

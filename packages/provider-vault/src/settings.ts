/**
 * What the program knows of the user's Vault. Reading it is the program's affair.
 * @module
 */
import type { CallLimits } from '@waxseal/core'
import type { HttpClientOptions } from '@waxseal/http'

export interface VaultSettings {
  /** Empty: none; an agent may bring its own. */
  readonly token: string
  /** Where it comes from, for people; undefined: there is none. */
  readonly tokenSource: string | undefined
  /** Empty: the root. */
  readonly namespace: string
  /** Sent along. */
  readonly headers: Readonly<Record<string, string>>
  /** An agent that stands for every address, as `http://host:port`; '': none. */
  readonly agent: string
  readonly http: HttpClientOptions
  readonly followsRedirect: boolean
  readonly limits: Partial<CallLimits>
}

/**
 * What the program knows of the user's Google Cloud account. Reading it is the program's affair; application default credentials are found by
 * Google's own library.
 * @module
 */
import type { CallLimits } from '@waxseal/core'
import type { Agents } from '@waxseal/http'

export interface GcpSettings {
  /** The content of `GOOGLE_CREDENTIALS`: JSON of a service account, an external account or another kind. @throws CodedError CREDENTIALS_MISSING */
  readonly credentials?: () => string
  /** Used where there are no such credentials. With neither, application default credentials are. */
  readonly accessToken?: string
  /** `host:port`, or a URL. Absent: that of the universe domain. */
  readonly endpoint?: string
  readonly universeDomain?: string
  /** As the user writes it: `rest` in any case; everything else is gRPC. Absent: the endpoint decides. */
  readonly clientType?: string
  /** For the key service and for fetching tokens. */
  readonly agents: () => Promise<Agents>
  readonly limits?: Partial<CallLimits>
}

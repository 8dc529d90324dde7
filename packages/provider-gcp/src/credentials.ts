/**
 * Headers that authorize a request: a token that was given, a signed statement of a service account, or what Google's library exchanges
 * for external accounts, users and machines.
 * Follows: getsops/sops gcpkms/keysource.go (getGoogleCredentials, getGoogleOAuthTokenFromEnv).
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Agents } from '@waxseal/http'
import type { JWTInput, OAuth2ClientOptions } from 'google-auth-library'
import type { GcpSettings } from './settings.ts'

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/cloudkms']
const BEARER = /^[\x21-\x7e]+$/
const HINT = 'gcloud auth application-default login makes some, GOOGLE_CREDENTIALS and GOOGLE_APPLICATION_CREDENTIALS name those of a service account'
const TOKEN_MS = 10_000
/** Where none is given, the library runs gcloud and asks the machine for one: four seconds. */
const UNUSED = 'unused'

export type Authorize = () => Promise<Readonly<Record<string, string>>>

/**
 * @param universeDomain - what the credentials must be made for; undefined if the endpoint is the user's own
 * @throws CodedError CREDENTIALS_MISSING
 */
export function createAuthorize({ credentials, accessToken }: GcpSettings, agents: Agents, universeDomain: string | undefined): Authorize {
  if (credentials === undefined && accessToken !== undefined) {
    if (!BEARER.test(accessToken)) throw new CodedError('CREDENTIALS_MISSING', 'GOOGLE_OAUTH_ACCESS_TOKEN holds what no token holds', { hint: 'gcloud auth print-access-token prints one' })
    return () => Promise.resolve({ authorization: `Bearer ${accessToken}` })
  }
  const json = credentials?.()
  let client: ReturnType<typeof findClient> | undefined
  return async () => {
    try {
      client ??= findClient(json, agents, universeDomain)
      return Object.fromEntries((await (await client).getRequestHeaders()).entries())
    } catch (error) {
      throw refused(error)
    }
  }
}

async function findClient(json: string | undefined, { http, https }: Agents, universeDomain: string | undefined) {
  const { Compute, GoogleAuth } = (await import('google-auth-library')).default
  const clientOptions: OAuth2ClientOptions = { transporterOptions: { timeout: TOKEN_MS, agent: ({ protocol }) => (protocol === 'http:' ? http : https) } }
  const auth = new GoogleAuth({ scopes: SCOPES, clientOptions, projectId: UNUSED })
  auth.useJWTAccessWithScope = true // a service account's statement is signed here: no token is fetched
  const client = json === undefined ? await auth.getClient() : withoutWarnings(() => auth.fromJSON(parseCredentials(json), clientOptions))
  // A machine's own account belongs to the universe in which the machine stands.
  if (universeDomain === undefined || client instanceof Compute || client.universeDomain === universeDomain) return client
  throw new CodedError('CREDENTIALS_MISSING', `the credentials are for ${client.universeDomain}, and the keys are in ${universeDomain}`, {
    hint: 'set SOPS_GCP_KMS_UNIVERSE_DOMAIN, or use other credentials',
  })
}

/** The library warns of credentials that strangers hand over. These are the user's own. */
function withoutWarnings<T>(work: () => T): T {
  /* oxlint-disable no-console -- it has no other switch */
  const { warn } = console
  console.warn = () => {}
  try {
    return work()
  } finally {
    console.warn = warn
  }
  /* oxlint-enable no-console */
}

function parseCredentials(json: string): JWTInput {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // what it says would quote the text
  }
  throw new CodedError('CREDENTIALS_MISSING', 'GOOGLE_CREDENTIALS is neither the path of a file nor JSON', { hint: HINT })
}

/** What the library says is left out: it may quote the credentials, or the answer of a server. */
function refused(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const { status, code } = error as { readonly status?: unknown; readonly code?: unknown }
  const reason = typeof status === 'number' ? `status ${status}` : typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : undefined
  if (reason === undefined) return new CodedError('CREDENTIALS_MISSING', 'could not find or use Google credentials', { hint: HINT })
  const isRefusal = typeof status === 'number' && status >= 400 && status < 500 && status !== 429
  return new CodedError(isRefusal ? 'KEY_ACCESS_DENIED' : 'KEY_SERVICE_FAILED', `Google gave no token for the credentials: ${reason}`, { hint: HINT })
}

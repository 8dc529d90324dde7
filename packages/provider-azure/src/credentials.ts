/**
 * Tokens by Azure's default chain: service principal of the environment, workload identity, managed identity, the tools of developers.
 * `AZURE_TOKEN_CREDENTIALS` narrows it, `AZURE_AUTHORITY_HOST` names the authority of another cloud.
 * Follows: getsops/sops azkv/keysource.go (getTokenCredential).
 * @module
 */
import type { AccessToken } from '@azure/identity'
import { CodedError } from '@waxseal/core'
import type { Agents } from '@waxseal/http'
import type { Challenge } from './challenge.ts'

const RENEW_BEFORE_MS = 2 * 60_000
const AAD_CODE = /\bAADSTS\d{2,10}\b/

export type TokenSource = (challenge: Challenge, signal: AbortSignal) => Promise<string>

/** A token is fetched once for each tenant and resource, and again shortly before it ends. */
export function createTokenSource(agents: Agents): TokenSource {
  let credential: ReturnType<typeof createCredential> | undefined
  const tokens = new Map<string, Promise<AccessToken>>()

  async function fetchToken({ tenantId, scope }: Challenge, signal: AbortSignal): Promise<AccessToken> {
    try {
      credential ??= createCredential(agents)
      return await (await credential).getToken(scope, { tenantId, abortSignal: signal })
    } catch (error) {
      throw refused(error)
    }
  }

  return async (challenge, signal) => {
    const name = `${challenge.tenantId} ${challenge.scope}`
    let token = tokens.get(name)
    if (!token || (await token).expiresOnTimestamp - Date.now() < RENEW_BEFORE_MS) {
      token = fetchToken(challenge, signal)
      tokens.set(name, token)
      token.catch(() => tokens.delete(name))
    }
    return (await token).token
  }
}

async function createCredential({ http, https }: Agents) {
  const [{ DefaultAzureCredential }, { createDefaultHttpClient }] = await Promise.all([import('@azure/identity'), import('@azure/core-rest-pipeline')])
  const client = createDefaultHttpClient()
  // Last of all, since the library sends everything through HTTPS_PROXY, to the machine's own metadata service, too.
  const httpClient: typeof client = {
    sendRequest(request) {
      request.agent = request.url.startsWith('http:') ? http : https
      return client.sendRequest(request)
    },
  }
  try {
    return new DefaultAzureCredential({ httpClient })
  } catch {
    throw new CodedError('CREDENTIALS_MISSING', 'AZURE_TOKEN_CREDENTIALS names no credential that there is', { hint: 'dev, prod, or a name as ManagedIdentityCredential' })
  }
}

/** What the library says is left out: it quotes answers and file contents. */
function refused(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const { statusCode, message } = error as { readonly statusCode?: unknown; readonly message?: unknown }
  const reason = AAD_CODE.exec(String(message))?.[0] ?? (typeof statusCode === 'number' ? `status ${statusCode}` : undefined)
  const hint = 'az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; AZURE_TOKEN_CREDENTIALS chooses among several'
  if (reason === undefined) return new CodedError('CREDENTIALS_MISSING', 'could not find Azure credentials', { hint })
  return new CodedError('KEY_ACCESS_DENIED', `Azure gave no token for the credentials: ${reason}`, { hint })
}

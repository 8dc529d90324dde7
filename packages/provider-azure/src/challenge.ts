/**
 * How a vault tells whose tokens it takes: a request without one is answered with 401 and
 * `WWW-Authenticate: Bearer authorization="https://login.microsoftonline.com/TENANT", resource="https://vault.azure.net"`.
 * Follows: learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses.
 * @module
 */
import { CodedError } from '@waxseal/core'

export interface Challenge {
  readonly tenantId: string
  readonly scope: string
}

const PARAMETER = /\b(authorization|resource|scope)="?([^",\s]{1,300})"?/g
const TENANT = /^[A-Za-z0-9.-]{1,100}$/

/**
 * A token for a resource may only go to hosts below that resource's own: otherwise a vault could ask for a token that opens another one.
 * @throws CodedError KEY_SERVICE_FAILED
 */
export function parseChallenge(header: string | undefined, vault: URL): Challenge {
  const found = new Map([...(header ?? '').matchAll(PARAMETER)].map(([, name = '', value = '']) => [name, value]))
  const resource = URL.parse(found.get('scope') ?? found.get('resource') ?? '')
  const tenantId = URL.parse(found.get('authorization') ?? '')?.pathname.split('/')[1] ?? ''
  if (!resource || !TENANT.test(tenantId)) {
    throw new CodedError('KEY_SERVICE_FAILED', `${vault.origin} does not say whose tokens it takes`, { hint: 'is it a Key Vault or Managed HSM?' })
  }
  if (resource.protocol !== 'https:' || !vault.host.endsWith(`.${resource.host}`)) {
    throw new CodedError('KEY_SERVICE_FAILED', `${vault.origin} wants tokens for ${resource.origin}, to which it does not belong`, { hint: 'check the vault URL' })
  }
  return { tenantId, scope: resource.href.endsWith('/.default') ? resource.href : `${resource.origin}/.default` }
}

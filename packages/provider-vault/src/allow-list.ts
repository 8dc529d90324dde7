/**
 * `SOPS_HC_VAULT_ALLOWLIST`: addresses of servers that may be contacted. `all` (also when it is empty), `none`, or a comma list of prefixes.
 * Follows: getsops/sops hcvault/keysource.go (parseAllowlistString, Allows).
 * @module
 */
import { CodedError } from '@waxseal/core'

/** The addresses of the list; null for `all`. @throws CodedError CONFIG_INVALID */
export function parseAllowList(text: string): readonly string[] | null {
  if (text === '' || text === 'all') return null
  if (text === 'none') return []
  return text.split(',').map((entry, at) => {
    const address = entry.replace(/^ +| +$/g, '')
    if (address === '') throw new CodedError('CONFIG_INVALID', `SOPS_HC_VAULT_ALLOWLIST's entry ${at + 1} is empty`, { hint: 'all, none, or addresses separated by commas' })
    return withSlash(address)
  })
}

/** @throws CodedError HOST_REFUSED */
export function checkAllowList(address: string, list: readonly string[] | null): void {
  if (list === null || list.some((prefix) => withSlash(address).startsWith(prefix))) return
  throw new CodedError('HOST_REFUSED', `Allowlist does not allow ${address}`, { hint: 'if you trust it, add it to SOPS_HC_VAULT_ALLOWLIST' })
}

function withSlash(address: string): string {
  return address.endsWith('/') ? address : `${address}/`
}

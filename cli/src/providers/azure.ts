/**
 * Azure with the credentials of this environment, which Microsoft's own library finds.
 * @module
 */
import type { HostPolicy, KeyProvider } from '@waxseal/core'
import { createAzureProvider } from '@waxseal/provider-azure'
import type { Context } from '../context.ts'

export function azureProvider(context: Context, hosts: HostPolicy): KeyProvider {
  const chosen = context.env['AZURE_TOKEN_CREDENTIALS']
  return createAzureProvider({
    hosts,
    agents: async () => (await import('./service-agents.ts')).serviceAgents(context),
    ...(chosen && { credentialSource: `AZURE_TOKEN_CREDENTIALS ${chosen}` }),
  })
}

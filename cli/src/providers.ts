/**
 * The kinds of master keys that this program can use, with credentials from the environment and the home folder.
 * @module
 */
import type { KeyProvider, Providers } from '@waxseal/core'
import type { Context } from './context.ts'

/** Loads the providers; what each of them needs beyond its metadata is loaded when it is used. */
export async function loadProviders(context: Context): Promise<Providers> {
  const [{ createAgeProvider }, { ageIdentitySources, askPassphrase }, { pgpProvider }] = await Promise.all([
    import('@waxseal/provider-age'),
    import('./age-identities.ts'),
    import('./pgp.ts'),
  ])
  return byType([
    createAgeProvider(ageIdentitySources(context), { askPassphrase: (location) => askPassphrase(context, location) }),
    pgpProvider(context),
  ])
}

function byType(providers: readonly KeyProvider[]): Providers {
  return new Map(providers.map((provider) => [provider.type, provider]))
}

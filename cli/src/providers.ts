/**
 * The kinds of master keys that this program can use, with credentials from the environment and the home folder.
 * @module
 */
import { rememberingUnwrapped, restrictHosts, type HostPolicy, type KeyProvider, type Providers } from '@waxseal/core'
import type { Context } from './context.ts'
import { allowedHosts } from './user-config.ts'

/** What each kind needs beyond its metadata is loaded when it is used. */
const KINDS: readonly ((context: Context, hosts: HostPolicy) => Promise<KeyProvider>)[] = [
  async (context, hosts) => (await import('./age-identities.ts')).ageProvider(context, hosts),
  async (context) => (await import('./pgp.ts')).pgpProvider(context),
  async (context) => (await import('./gcp.ts')).gcpProvider(context),
  async (context, hosts) => (await import('./azure.ts')).azureProvider(context, hosts),
  async (context) => (await import('./aws.ts')).awsProvider(context),
  async (context, hosts) => (await import('./vault.ts')).vaultProvider(context, hosts),
  async (context) => (await import('./huawei.ts')).huaweiProvider(context),
]

export async function loadProviders(context: Context, hosts: HostPolicy): Promise<Providers> {
  const providers = await Promise.all(KINDS.map((load) => load(context, hosts)))
  return new Map(providers.map((provider) => [provider.type, provider]))
}

const ofRun = new WeakMap<Context, Promise<Providers>>()

/** Loaded once a run, for all its files; what they have in common is unwrapped once. */
export function providersOfRun(context: Context, hosts: HostPolicy): Promise<Providers> {
  const known = ofRun.get(context) ?? loadProviders(context, hosts).then((providers) => new Map([...providers].map(([type, provider]) => [type, rememberingUnwrapped(provider)])))
  ofRun.set(context, known)
  return known
}

/** For the native commands: the user decides which hosts the keys of files may name. */
export function nativeProviders(context: Context): Promise<Providers> {
  return providersOfRun(context, restrictHosts(() => allowedHosts(context)))
}

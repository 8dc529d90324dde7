/**
 * The kinds of master keys that this program can use, with credentials from the environment and the home folder.
 * @module
 */
import { CodedError, rememberingUnwrapped, restrictHosts, type HostPolicy, type KeyProvider, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { allowedNames } from '../settings/user-config.ts'

/** What each kind needs beyond its metadata is loaded when it is used. */
const KINDS: readonly ((context: Context, hosts: HostPolicy) => Promise<KeyProvider>)[] = [
  async (context, hosts) => (await import('./age-identities.ts')).ageProvider(context, hosts),
  async (context) => (await import('./pgp.ts')).pgpProvider(context),
  async (context) => (await import('./gcp.ts')).gcpProvider(context),
  async (context, hosts) => (await import('./azure.ts')).azureProvider(context, hosts),
  async (context, hosts) => (await import('./aws.ts')).awsProvider(context, hosts),
  async (context, hosts) => (await import('./vault.ts')).vaultProvider(context, hosts),
  async (context) => (await import('./huawei.ts')).huaweiProvider(context),
]

export async function loadProviders(context: Context, hosts: HostPolicy): Promise<Providers> {
  const providers = await Promise.all(KINDS.map((load) => load(context, hosts)))
  return new Map(providers.map((provider) => [provider.type, provider]))
}

const ofRun = new WeakMap<Context, Promise<Providers>>()

/** Loaded once a run, for all its files; what they have in common is unwrapped once. */
export function providersOfRun(context: Context, hosts: HostPolicy, extend: (providers: Providers) => Promise<Providers> = (providers) => Promise.resolve(providers)): Promise<Providers> {
  const known = ofRun.get(context) ?? loadProviders(context, hosts).then(extend).then((providers) => new Map([...providers].map(([type, provider]) => [type, rememberingUnwrapped(provider)])))
  ofRun.set(context, known)
  return known
}

/** For the native commands: the user decides which hosts the keys of files may name. */
export function nativeProviders(context: Context): Promise<Providers> {
  return providersOfRun(context, restrictHosts(() => allowedNames(context)), (providers) => withNamedServices(providers, context))
}

/** The key services that the environment names are asked where this machine's keys do not answer. */
async function withNamedServices(providers: Providers, { env }: Context): Promise<Providers> {
  const addresses = (env['SOPS_KEYSERVICE'] ?? '').split(',').map((text) => text.trim()).filter((text) => text !== '')
  const isLocal = !/^(?:0|f|false)$/i.test(env['SOPS_ENABLE_LOCAL_KEYSERVICE'] ?? '')
  if (addresses.length === 0 && isLocal) return providers
  const { KeyServiceClient, withKeyServices } = await import('../keyservice/client.ts')
  const services = addresses.map((text) => new KeyServiceClient(serviceAddress(text)))
  return new Map([...providers].map(([type, provider]) => [type, withKeyServices(provider, services, isLocal)]))
}

function serviceAddress(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'unix:' || url?.protocol === 'tcp:') return url
  throw new CodedError('USAGE', `SOPS_KEYSERVICE: ${JSON.stringify(text)} is no address`, { hint: 'unix:///absolute/path or tcp://host:port' })
}

/**
 * Master keys that flags name, and the providers that use keys.
 * @module
 */
import { CodedError, completeKeys, trustHosts, type KeyGroup, type KeyProvider, type Providers, type RecipientContext, type Ref } from '@waxseal/core'
import { providersOfRun } from '../providers/providers.ts'
import type { Invocation } from './action.ts'
import type { KeyKind } from './key-flags.ts'
import type { Log } from './log.ts'

const ofRun = new WeakMap<Log, Promise<Providers>>()

/** This machine's keys, unless they are switched off, and the key services that the user names. */
export function providersFor(invocation: Invocation): Promise<Providers> {
  const { log } = invocation
  const known = ofRun.get(log) ?? connectProviders(invocation)
  ofRun.set(log, known)
  return known
}

async function connectProviders({ context, flags, log }: Invocation): Promise<Providers> {
  const providers = withLogs(await providersOfRun(context, trustHosts((message) => log.warn(message))), log)
  const local = flags.bool('enable-local-keyservice')
  const addresses = flags.list('keyservice').flatMap((uri) => {
    const address = serviceAddress(uri)
    if (address !== undefined) return [address]
    log.warn('Error parsing URI for keyservice, skipping', { uri })
    return []
  })
  if (local && addresses.length === 0) return providers
  const { KeyServiceClient, withKeyServices } = await import('../keyservice/client.ts')
  const services = addresses.map((address) => new KeyServiceClient(address))
  return new Map([...providers].map(([type, provider]) => [type, withKeyServices(provider, services, local)]))
}

/** As Go parses it: a text without a colon is a URL, too, and names a service that nobody reaches. */
function serviceAddress(uri: string): URL | undefined {
  return URL.parse(uri) ?? (uri.includes(':') ? undefined : new URL('none:'))
}

const LOGGERS: Readonly<Record<string, string>> = {
  age: 'AGE',
  pgp: 'PGP',
  kms: 'AWSKMS',
  gcp_kms: 'GCPKMS',
  azure_kv: 'AZKV',
  hc_vault: 'VAULT_TRANSIT',
  hckms: 'HCKMS',
}

/** Providers that tell what they did, for `--verbose`. */
export function withLogs(providers: Providers, log: Log): Providers {
  if (!log.isVerbose) return providers
  return new Map([...providers].map(([type, provider]) => [type, withLog(provider, log)]))
}

function withLog(provider: KeyProvider, log: Log): KeyProvider {
  const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const tell = (outcome: string): void => log.write('info', `${what} ${outcome}`, {}, LOGGERS[provider.type])
    try {
      const result = await work
      tell(result === null ? 'failed' : 'succeeded')
      return result
    } catch (error) {
      tell('failed')
      throw error
    }
  }
  return {
    ...provider,
    wrap: (part, ref, options) => told('Encryption', provider.wrap(part, ref, options)),
    unwrap: (ref, options) => told('Decryption', provider.unwrap(ref, options)),
  }
}

/** A context that is not a list of key:value pairs is told and left out. */
export function recipientContext({ context, flags, log }: Invocation): RecipientContext {
  const awsProfile = flags.string('aws-profile')
  const text = flags.string('encryption-context')
  const encryptionContext = parseEncryptionContext(text)
  if (text !== '' && encryptionContext === undefined) log.warn('Encryption context contains a non-string value, context will not be used', {}, 'AWSKMS')
  return { now: context.now(), ...(awsProfile !== '' && { awsProfile }), ...(encryptionContext && { encryptionContext }) }
}

function parseEncryptionContext(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = text.split(',').map((pair) => pair.split(':'))
  if (text === '' || pairs.some((pair) => pair.length !== 2)) return undefined
  return Object.fromEntries(pairs)
}

/**
 * The keys of comma lists in the flags of these kinds.
 * @param prefix - of the flag names, for `rotate`
 * @throws CodedError RECIPIENT_INVALID, PROVIDER_UNKNOWN, and what `completeKeys` throws
 */
export function keysFromFlags({ context: { signal }, flags }: Invocation, kinds: readonly KeyKind[], providers: Providers, context: RecipientContext, prefix = ''): Promise<KeyGroup> {
  const keys = kinds.flatMap((kind) => {
    const list = flags.string(prefix + kind.flag)
    const texts = list.split(',').filter((text) => text.trim() !== '' || !providers.get(kind.type)?.skipsEmptyText)
    return list === '' ? [] : texts.map((text) => keyFromText(kind, text, providers, context))
  })
  return completeKeys(keys, providers, signal)
}

export function keyFromText(kind: KeyKind, text: string, providers: Providers, context: RecipientContext): Ref {
  const provider = providers.get(kind.type)
  if (!provider) throw new CodedError('PROVIDER_UNKNOWN', `keys of type ${kind.type} are not supported here`)
  return provider.fromText(text, context)
}

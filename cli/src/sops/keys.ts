/**
 * Master keys that flags name, and the providers that use keys.
 * @module
 */
import { CodedError, type KeyGroup, type KeyProvider, type Providers, type RecipientContext, type Ref } from '@waxseal/core'
import { loadProviders } from '../providers.ts'
import { type Invocation, SopsError } from './action.ts'
import type { KeyKind } from './key-flags.ts'

const STATUS_CONTEXT = 6

/** With the local key service switched off and no other one named, no key can be used. */
export async function providersFor({ context, flags, log }: Invocation): Promise<Providers> {
  const providers = await loadProviders(context)
  for (const uri of flags.list('keyservice')) {
    if (!URL.canParse(uri)) log.warn('Error parsing URI for keyservice, skipping', { uri })
    else throw new SopsError(`key service ${uri}: remote key services are not supported`, 1)
  }
  return flags.bool('enable-local-keyservice') ? providers : new Map([...providers].map(([type, provider]) => [type, withoutService(provider)]))
}

function withoutService(provider: KeyProvider): KeyProvider {
  return {
    type: provider.type,
    parse: (entry) => provider.parse(entry),
    serialize: (ref) => provider.serialize(ref),
    fromText: (text, context) => provider.fromText(text, context),
    fromGroup: (element, context) => provider.fromGroup(element, context),
    displayName: (ref) => provider.displayName(ref),
    wrap: () => Promise.reject(new CodedError('KEY_GROUP_INVALID', 'no key services provided, cannot update master keys')),
    unwrap: () => Promise.resolve(null),
  }
}

/** @throws SopsError if `--encryption-context` is not a list of key:value pairs */
export function recipientContext({ context, flags, log }: Invocation): RecipientContext {
  const awsProfile = flags.string('aws-profile')
  const text = flags.string('encryption-context')
  const encryptionContext = parseEncryptionContext(text)
  if (text !== '' && encryptionContext === undefined) {
    log.warn('Encryption context contains a non-string value, context will not be used', {}, 'AWSKMS')
    throw new SopsError('Invalid KMS encryption context format', STATUS_CONTEXT)
  }
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
 * @throws CodedError RECIPIENT_INVALID, PROVIDER_UNKNOWN
 */
export function keysFromFlags({ flags }: Invocation, kinds: readonly KeyKind[], providers: Providers, context: RecipientContext, prefix = ''): KeyGroup {
  return kinds.flatMap((kind) => {
    const list = flags.string(prefix + kind.flag)
    return list === '' ? [] : list.split(',').map((text) => keyFromText(kind, text, providers, context))
  })
}

export function keyFromText(kind: KeyKind, text: string, providers: Providers, context: RecipientContext): Ref {
  const provider = providers.get(kind.type)
  if (!provider) throw new CodedError('PROVIDER_UNKNOWN', `keys of type ${kind.type} are not supported here`)
  return provider.fromText(text, context)
}

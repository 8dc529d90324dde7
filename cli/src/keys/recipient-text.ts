/**
 * Recipients of every kind as people write them: the text itself tells the kind.
 * @module
 */
import { CodedError, completeKeys, type KeyGroup, type Providers, type Ref } from '@waxseal/core'
import type { Context } from '../context.ts'

/** By the provider's type; the first that matches counts. */
const KINDS: readonly (readonly [type: string, form: RegExp])[] = [
  ['age', /^(?:age1|ssh-)/],
  ['kms', /^arn:[a-z-]+:kms:/],
  ['gcp_kms', /^projects\//],
  ['hc_vault', /^https?:\/\/.+\/v1\/.+\/keys\//],
  ['azure_kv', /^https:\/\/[^/]+\/keys\//],
  ['hckms', /^[a-z]+-[a-z]+-\d+:/],
  ['pgp', /^(?:0x)?[0-9A-Fa-f ]{8,}!?$/],
]

/** @throws CodedError RECIPIENT_INVALID, and what the kind says of the text */
export async function recipientsFromTexts(texts: readonly string[], providers: Providers, { now, signal }: Context): Promise<KeyGroup> {
  const refs = texts.map((text): Ref => {
    const provider = providers.get(KINDS.find(([, form]) => form.test(text))?.[0] ?? '')
    if (provider) return provider.fromText(text, { now: now() })
    throw new CodedError('RECIPIENT_INVALID', `${JSON.stringify(text)} is no recipient of a known kind`, {
      hint: 'age1..., ssh-ed25519 ..., a PGP fingerprint, arn:aws:kms:..., projects/.../cryptoKeys/..., https://NAME.vault.azure.net/keys/..., https://VAULT/v1/transit/keys/..., REGION:ID',
    })
  })
  return await completeKeys(refs, providers, signal)
}

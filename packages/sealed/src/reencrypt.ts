/**
 * Sealing again for the newest key, from one SealedSecret to another; nothing is rendered and the scope stays what it was.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/controller.go (rotate), with the fixes of 0.36.0 (a template cannot widen the
 * scope: its metadata is replaced by the object's own) and 0.40.0 (templates are not rendered). Templates are kept as they are,
 * where upstream drops them.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import type { SealingCertificate } from './certificate.ts'
import { sealItem } from './hybrid.ts'
import type { SealedSecretManifest } from './manifest.ts'
import { KEY_HINT_ANNOTATION, sealItems } from './seal.ts'
import { labelOf } from './scope.ts'
import { openItems, openItemsAsync, type OpenedItems } from './unseal.ts'
import type { OpenItem, OpenItemAsync } from './sealing-key.ts'

/** @throws CodedError as `unsealSecret`; SECRET_INVALID for the form before `encryptedData` */
export function reencrypt(sealed: SealedSecretManifest, open: OpenItem, publicKey: KeyObject): SealedSecretManifest {
  refuseWhole(sealed)
  return sealAgain(sealed, openItems(sealed, open), publicKey)
}

/** The same off the event loop. */
export async function reencryptAsync(sealed: SealedSecretManifest, open: OpenItemAsync, publicKey: KeyObject): Promise<SealedSecretManifest> {
  refuseWhole(sealed)
  return sealAgain(sealed, await openItemsAsync(sealed, open), publicKey)
}

/**
 * Only the items that are not sealed for the key of the certificate yet, sealed for it under the label that they have.
 * @returns their texts by name
 * @throws CodedError as `reencrypt`
 */
export function resealItems(sealed: SealedSecretManifest, open: OpenItem, { publicKey, fingerprint }: Pick<SealingCertificate, 'publicKey' | 'fingerprint'>): ReadonlyMap<string, string> {
  refuseWhole(sealed)
  const current = new Set<string>()
  const { items } = openItems(sealed, (text, ...rest) => {
    const opened = open(text, ...rest)
    if (opened.fingerprint === fingerprint) current.add(text)
    return opened
  }, sealed.metadata.annotations?.[KEY_HINT_ANNOTATION] ?? fingerprint)
  const label = labelOf(sealed.metadata)
  try {
    return new Map([...items].filter(([name]) => !current.has(sealed.spec.encryptedData[name] ?? '')).map(([name, bytes]) => [name, sealItem(bytes, publicKey, label)]))
  } finally {
    for (const bytes of items.values()) bytes.fill(0)
  }
}

function sealAgain({ metadata, spec }: SealedSecretManifest, { items }: OpenedItems, publicKey: KeyObject): SealedSecretManifest {
  const template = { ...spec.template, metadata }
  try {
    return sealItems(items, metadata, template, publicKey)
  } finally {
    for (const bytes of items.values()) bytes.fill(0)
  }
}

/** @throws CodedError SECRET_INVALID - the form before `encryptedData` */
export function refuseWhole({ spec }: SealedSecretManifest): void {
  if (spec.data === undefined) return
  const hint = 'unseal it and seal it anew'
  throw new CodedError('SECRET_INVALID', "the deprecated field 'data' cannot be re-encrypted", { hint })
}

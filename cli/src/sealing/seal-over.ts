/**
 * Sealing over what was sealed before: items that are known to hold the same keep their ciphertext, so that one changed value is one changed line.
 * @module
 */
import { labelOf, secretItems, type OpenItem, type SealedSecretManifest, type SecretManifest, type SecretTemplate } from '@waxseal/sealed'
import { CodedError } from '@waxseal/core'
import { isJson } from './manifest-input.ts'
import { manifestFile, type ManifestFormat } from './manifest-output.ts'
import { changeItems, shownName, type ItemChanges, type PlacedSealedSecret, type SealedFile } from './sealed-file.ts'

export interface FreshlySealed {
  readonly secret: SecretManifest
  readonly sealed: SealedSecretManifest
}

/** @returns the text of the whole file: the old one with other items as long as nothing else differs, else a new one. */
export async function sealOver(old: SealedFile, fresh: readonly FreshlySealed[], open: OpenItem, format: ManifestFormat): Promise<string> {
  const pairs = fresh.map((each) => ({ ...each, before: old.secrets.filter(({ sealed }) => isSamePlace(sealed, each.sealed)) }))
  const changes = pairs.flatMap(({ secret, sealed, before }) => (before[0] ? [changesFrom(before[0], sealed, secretItems(secret), open)] : []))
  const isSameFile = format === formatOf(old) && pairs.length === old.secrets.length && pairs.every(({ sealed, before }) => before.length === 1 && isSameTemplate(before[0]!.sealed.spec.template, sealed.spec.template))
  if (isSameFile) return changeItems(old, changes)
  return await manifestFile(pairs.map(({ sealed, before: [before] }) => merged(sealed, before?.sealed, changes.find(({ secret }) => secret === before))), format)
}

function formatOf({ slices }: SealedFile): ManifestFormat {
  return isJson(slices.find(({ document }) => document)?.text ?? '') ? 'json' : 'yaml'
}

/** Under the same name, and bound to the same label. */
function isSamePlace(before: SealedSecretManifest, after: SealedSecretManifest): boolean {
  return shownName(before) === shownName(after) && labelOf(before.metadata).equals(labelOf(after.metadata))
}

/** Templates of values are written by hand into the SealedSecret; a Secret has none. */
function isSameTemplate(before: SecretTemplate, after: SecretTemplate): boolean {
  return JSON.stringify({ ...before, data: undefined }) === JSON.stringify(after)
}

function changesFrom(secret: PlacedSealedSecret, after: SealedSecretManifest, plain: ReadonlyMap<string, Buffer>, open: OpenItem): ItemChanges {
  const { metadata, spec } = secret.sealed
  const label = labelOf(metadata)
  const items = new Map<string, string | null>()
  for (const name of Object.keys(spec.encryptedData)) if (!plain.has(name)) items.set(name, null)
  for (const [name, text] of Object.entries(after.spec.encryptedData)) {
    const before = spec.encryptedData[name]
    if (before === undefined || !isKnownToHold(before, label, plain.get(name), open)) items.set(name, text)
  }
  return { secret, items }
}

function isKnownToHold(text: string, label: Buffer, plain: Buffer | undefined, open: OpenItem): boolean {
  try {
    const { bytes } = open(text, label)
    const isSame = plain?.equals(bytes) === true
    bytes.fill(0)
    return isSame
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

/** A new manifest with what was kept: ciphertexts, and the templates of values. */
function merged(after: SealedSecretManifest, before: SealedSecretManifest | undefined, changes: ItemChanges | undefined): SealedSecretManifest {
  if (before === undefined || changes === undefined) return after
  const texts = Object.entries(after.spec.encryptedData).map(([name, text]) => [name, changes.items.get(name) === undefined ? (before.spec.encryptedData[name] ?? text) : text])
  const { data } = before.spec.template
  return { ...after, spec: { template: { ...after.spec.template, ...(data && { data }) }, encryptedData: Object.fromEntries(texts) as Record<string, string> } }
}

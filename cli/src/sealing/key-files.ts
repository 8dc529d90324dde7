/**
 * Private sealing keys in files: PEM, or key Secrets as the documented backup writes them.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { isObject, KEY_LABEL, KEY_LABEL_ACTIVE, keyOfSecret, parseCertificate, parseSealingKey, secretItems, secretOf, type SealingCertificate, type SealingKey } from '@waxseal/sealed'
import { parseManifest, splitManifests } from './manifest-input.ts'

const PEM_START = /^-----BEGIN /m

export const isPem = (text: string): boolean => PEM_START.test(text)

/** A key, with the certificate that stands beside it if it is the key's own and the key is in use. */
export interface StoredKey extends SealingKey {
  readonly certificate?: SealingCertificate
}

/**
 * Every key of a file. A List is taken apart; any other object must be a key Secret, whatever its labels. What is no manifest is no key.
 * @throws CodedError SEALING_KEY_INVALID, SECRET_INVALID
 */
export async function readKeyFile(text: string): Promise<StoredKey[]> {
  if (isPem(text)) return [withCertificate(parseSealingKey(text), text)]
  const keys: StoredKey[] = []
  for (const document of splitManifests(text)) {
    const manifest = await parseManifest(document)
    if (isObject(manifest)) keys.push(...secretsOf(manifest).map(storedKey))
  }
  return keys
}

function storedKey(manifest: unknown): StoredKey {
  const key = keyOfSecret(manifest)
  const secret = secretOf(manifest)
  const isRetired = (secret.metadata.labels?.[KEY_LABEL] ?? KEY_LABEL_ACTIVE) !== KEY_LABEL_ACTIVE
  return isRetired ? key : withCertificate(key, secretItems(secret).get('tls.crt')?.toString('latin1') ?? '')
}

function withCertificate(key: SealingKey, pem: string): StoredKey {
  try {
    const certificate = parseCertificate(pem)
    return certificate.fingerprint === key.fingerprint ? { ...key, certificate } : key
  } catch (error) {
    if (error instanceof CodedError) return key
    throw error
  }
}

/** @returns undefined if no key has one */
export function newestCertificate(keys: readonly StoredKey[]): SealingCertificate | undefined {
  const certificates = keys.flatMap(({ certificate }) => certificate ?? [])
  return certificates.toSorted((a, b) => b.notBefore.getTime() - a.notBefore.getTime())[0]
}

/** Without a kind it is taken for a List. */
function secretsOf(manifest: Readonly<Record<string, unknown>>): readonly unknown[] {
  if (manifest['kind'] !== undefined && manifest['kind'] !== 'List') return [manifest]
  return Array.isArray(manifest['items']) ? manifest['items'] : []
}

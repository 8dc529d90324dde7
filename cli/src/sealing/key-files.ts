/**
 * Private sealing keys in files: PEM, or key Secrets as the documented backup writes them.
 * @module
 */
import { isObject, keyOfSecret, parseSealingKey, type SealingKey } from '@waxseal/sealed'
import { parseManifest, splitManifests } from './manifest-input.ts'

const PEM_START = /^-----BEGIN /m

export const isPem = (text: string): boolean => PEM_START.test(text)

/**
 * Every key of a file. A List is taken apart; any other object must be a key Secret, whatever its labels. What is no manifest is no key.
 * @throws CodedError SEALING_KEY_INVALID, SECRET_INVALID
 */
export async function readKeyFile(text: string): Promise<SealingKey[]> {
  if (isPem(text)) return [parseSealingKey(text)]
  const keys: SealingKey[] = []
  for (const document of splitManifests(text)) {
    const manifest = await parseManifest(document)
    if (isObject(manifest)) keys.push(...secretsOf(manifest).map(keyOfSecret))
  }
  return keys
}

/** Without a kind it is taken for a List. */
function secretsOf(manifest: Readonly<Record<string, unknown>>): readonly unknown[] {
  if (manifest['kind'] !== undefined && manifest['kind'] !== 'List') return [manifest]
  return Array.isArray(manifest['items']) ? manifest['items'] : []
}

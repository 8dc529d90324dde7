/**
 * `kubeseal --recovery-unseal`: a SealedSecret is opened here, with private keys out of files. No cluster is asked.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { openWith, unsealSecret, type ObjectMeta, type SealingKey, type SecretManifest } from '@waxseal/sealed'
import { isPem, readKeyFile } from '../sealing/key-files.ts'
import type { Invocation } from './invocation.ts'
import { readSealed } from './sealed-input.ts'

export async function recover(invocation: Invocation): Promise<void> {
  const keys: SealingKey[] = []
  for (const file of invocation.flags.list('recovery-private-key')) {
    keys.push(...(await usableKeys(Buffer.from(invocation.readFile(file)).toString('utf8'))))
  }
  const { sealed, kind, apiVersion } = await readSealed(invocation.input())
  const { renderTemplates } = await import('@waxseal/go-template')
  const { secret } = unsealSecret(sealed, openWith(keys), { render: renderTemplates })
  await invocation.print(printed({ ...secret, metadata: ownedAs(secret.metadata, kind, apiVersion) }))
}

/** PEM that holds no RSA key is passed over, like anything that is no manifest. */
async function usableKeys(text: string): Promise<SealingKey[]> {
  try {
    return await readKeyFile(text)
  } catch (error) {
    if (error instanceof CodedError && (isPem(text) || error.code === 'PARSE_FAILED')) return []
    throw error
  }
}

/** The owner is what the input says it is. */
function ownedAs(metadata: ObjectMeta, kind: string, apiVersion: string): ObjectMeta {
  const ownerReferences = metadata.ownerReferences?.map((owner) => (owner.kind === 'SealedSecret' ? { ...owner, apiVersion, kind } : owner))
  return { ...metadata, ...(ownerReferences && { ownerReferences }) }
}

/** Go prints no bytes as null. */
function printed({ data, ...secret }: SecretManifest): unknown {
  const { kind, apiVersion, metadata, immutable, type } = secret
  const values = data && Object.fromEntries(Object.entries(data).map(([name, text]) => [name, text === '' ? null : text]))
  return { kind, apiVersion, metadata, immutable, data: values, type }
}

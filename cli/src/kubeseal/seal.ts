/**
 * kubeseal without a mode: a stream of Secrets becomes a stream of SealedSecrets.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { readMetadata, scopeOf, sealSecret, type Scope, type SealedSecretManifest, type SecretManifest } from '@waxseal/sealed'
import type { Invocation } from './invocation.ts'
import { readSecrets } from './secret-input.ts'

export async function seal(invocation: Invocation): Promise<void> {
  const { publicKey } = await invocation.certificate()
  const name = invocation.flags.text('name') || undefined
  for (const secret of await readSecrets(invocation.input())) {
    await invocation.print(await sealOne(invocation, secret, publicKey, { name }))
  }
}

/**
 * @param forced - metadata that replaces the Secret's own
 * @throws CodedError SECRET_INVALID, NAME_MISSING, NAMESPACE_MISSING
 */
export async function sealOne(
  invocation: Invocation,
  secret: SecretManifest,
  publicKey: KeyObject,
  forced: { readonly name?: string | undefined; readonly namespace?: string | undefined },
): Promise<SealedSecretManifest> {
  const { data = {}, stringData = {} } = secret
  if (Object.keys(data).length + Object.keys(stringData).length === 0 && !invocation.flags.bool('allow-empty-data')) {
    throw new CodedError(
      'SECRET_INVALID',
      'secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used',
    )
  }
  const { name = secret.metadata.name, namespace = secret.metadata.namespace } = forced
  if (!name) throw new CodedError('NAME_MISSING', 'missing metadata.name in input Secret')
  const scope = givenScope(invocation)
  const isClusterWide = (scope ?? scopeOf(secret.metadata.annotations)) === 'cluster-wide'
  const place = isClusterWide ? (namespace ?? '') : await namespaceFor(invocation, namespace)
  const metadata = readMetadata({ ...secret.metadata, name, namespace: place })
  return sealSecret({ ...secret, metadata }, publicKey, scope === undefined ? {} : { scope })
}

/** Strict is the flag's value without being said, so it cannot replace an annotation. */
function givenScope({ flags }: Invocation): Scope | undefined {
  const scope = flags.text('scope')
  return scope === 'namespace-wide' || scope === 'cluster-wide' ? scope : undefined
}

/** A kubeconfig that cannot be used makes the flag as good as not given. */
async function namespaceFor({ cluster, givenNamespace }: Invocation, own: string | undefined): Promise<string> {
  if (own && !givenNamespace) return own
  let place = ''
  try {
    place = await cluster.namespace(givenNamespace)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
  }
  if (own && place && own !== place) {
    throw new CodedError('NAMESPACE_MISSING', `namespace mismatch: input secret is in namespace "${own}" but "${place}" was specified`)
  }
  return own || place
}

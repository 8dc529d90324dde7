/**
 * Secret -> SealedSecret. Every item is sealed under the label of the Secret's scope; the rest of the Secret becomes the template.
 * Follows: bitnami-labs/sealed-secrets pkg/apis/sealedsecrets/v1alpha1/sealedsecret_expansion.go, pkg/kubeseal/kubeseal.go.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { sealItem } from './hybrid.ts'
import { SEALED_SECRET_API_VERSION, secretItems, sortedMap, type ObjectMeta, type SealedSecretManifest, type SecretManifest, type SecretTemplate } from './manifest.ts'
import { scopeAnnotations, scopeLabel, scopeOf, withScope, type Scope } from './scope.ts'

/** On a SealedSecret: fingerprint of the key that it was sealed for. A hint for who opens it, and never trusted. */
export const KEY_HINT_ANNOTATION = 'waxseal.dev/key'

export interface SealOptions {
  /** Absent: what the Secret's annotations say. */
  readonly scope?: Scope
}

/** They may hold the plaintext. */
const LAST_APPLIED_ANNOTATIONS = ['kubectl.kubernetes.io/last-applied-configuration', 'kubecfg.ksonnet.io/last-applied-configuration']
/** What the API server fills in. */
const SERVER_FIELDS: readonly (keyof ObjectMeta)[] = [
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]

/**
 * @param publicKey - of a certificate that the caller has checked (`checkNotExpired`)
 * @throws CodedError NAME_MISSING, NAMESPACE_MISSING
 * @throws CodedError SECRET_INVALID - a value is not base64
 */
export function sealSecret(secret: SecretManifest, publicKey: KeyObject, { scope }: SealOptions = {}): SealedSecretManifest {
  const given = without(secret.metadata, SERVER_FIELDS)
  const annotations = scope === undefined ? given.annotations : withScope(given.annotations, scope)
  const metadata: ObjectMeta = { ...given, ...(annotations === undefined ? {} : { annotations }) }
  if (!metadata.name) throw new CodedError('NAME_MISSING', 'missing metadata.name in input Secret', { hint: 'set it in the manifest or with --name' })
  return sealItems(secretItems(secret), metadata, templateOf(secret, metadata), publicKey)
}

/**
 * Seals items under the scope that `metadata` says, whatever the template says.
 * @throws CodedError NAMESPACE_MISSING
 */
export function sealItems(
  items: ReadonlyMap<string, Uint8Array>,
  metadata: ObjectMeta,
  template: SecretTemplate,
  publicKey: KeyObject,
): SealedSecretManifest {
  const { name = '', namespace = '', annotations } = metadata
  const scope = scopeOf(annotations)
  if (scope !== 'cluster-wide' && namespace === '') {
    throw new CodedError('NAMESPACE_MISSING', 'secret must declare a namespace', { hint: 'set metadata.namespace in the manifest, or use --namespace' })
  }
  const label = scopeLabel(scope, namespace, name)
  return {
    kind: 'SealedSecret',
    apiVersion: SEALED_SECRET_API_VERSION,
    metadata: {
      ...(name === '' ? {} : { name }),
      ...(namespace === '' ? {} : { namespace }),
      ...(scope === 'strict' ? {} : { annotations: scopeAnnotations(scope) }),
    },
    spec: { template, encryptedData: sortedMap([...items].map(([item, bytes]) => [item, sealItem(bytes, publicKey, label)])) },
  }
}

function templateOf({ type, immutable }: SecretManifest, metadata: ObjectMeta): SecretTemplate {
  const { annotations } = metadata
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !LAST_APPLIED_ANNOTATIONS.includes(key))
  return {
    metadata: withAnnotations(without(metadata, ['ownerReferences']), sortedMap(kept)),
    ...(type === undefined ? {} : { type }),
    ...(immutable === undefined ? {} : { immutable }),
  }
}

/** In place, so that the order of the fields stays. */
function withAnnotations(metadata: ObjectMeta, annotations: Readonly<Record<string, string>>): ObjectMeta {
  if (Object.keys(annotations).length === 0) return without(metadata, ['annotations'])
  return { ...metadata, annotations }
}

function without(metadata: ObjectMeta, fields: readonly (keyof ObjectMeta)[]): ObjectMeta {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !fields.some((field) => field === key)))
}

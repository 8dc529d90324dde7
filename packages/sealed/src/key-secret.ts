/**
 * The Secret of type kubernetes.io/tls in which a sealing key lives in the cluster: `tls.key` in PKCS#1, `tls.crt` with one
 * certificate. Secrets that are labelled `active` hold keys in use; any other value retires a key.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/keys.go.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { parseCertificate, type SealingCertificate } from './certificate.ts'
import type { GeneratedKey } from './generate-key.ts'
import { secretItems, secretOf, type SecretManifest, type StringMap } from './manifest.ts'
import { ANNOTATION_PREFIX } from './scope.ts'
import { parseSealingKey, type SealingKey } from './sealing-key.ts'

export const KEY_LABEL = `${ANNOTATION_PREFIX}sealed-secrets-key`
export const KEY_LABEL_ACTIVE = 'active'
const TLS_TYPE = 'kubernetes.io/tls'
const TLS_KEY = 'tls.key'
const TLS_CERTIFICATE = 'tls.crt'

export interface KeySecretOptions {
  readonly namespace: string
  /** Used as `generateName`, without a dash of ours. */
  readonly prefix: string
  /** Cannot change the key label. */
  readonly labels?: StringMap
  readonly annotations?: StringMap
}

/** The manifest to create for a new key. */
export function newKeySecret({ key, certificate }: GeneratedKey, { namespace, prefix, labels, annotations }: KeySecretOptions): SecretManifest {
  const pem = key.privateKey.export({ format: 'pem', type: 'pkcs1' })
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: {
      generateName: prefix,
      namespace,
      labels: { ...labels, [KEY_LABEL]: KEY_LABEL_ACTIVE },
      ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    data: { [TLS_CERTIFICATE]: Buffer.from(certificate.pem).toString('base64'), [TLS_KEY]: Buffer.from(pem).toString('base64') },
    type: TLS_TYPE,
  }
}

/** @throws CodedError SEALING_KEY_INVALID, SECRET_INVALID - no usable RSA key in the Secret */
export function keyOfSecret(manifest: unknown): SealingKey {
  const pem = secretItems(secretOf(manifest)).get(TLS_KEY)
  if (pem === undefined) throw new CodedError('SEALING_KEY_INVALID', "secret must contain a 'tls.data' key", { hint: 'a key Secret has tls.key' })
  return parseSealingKey(pem.toString('latin1'))
}

/**
 * A key Secret as the controller needs it. Whether the two belong together is the caller's question: compare the fingerprints.
 * @throws CodedError SEALING_KEY_INVALID, CERTIFICATE_INVALID, SECRET_INVALID
 */
export function readKeySecret(manifest: unknown): { readonly key: SealingKey; readonly certificate: SealingCertificate } {
  const pem = secretItems(secretOf(manifest)).get(TLS_CERTIFICATE) ?? Buffer.alloc(0)
  return { key: keyOfSecret(manifest), certificate: parseCertificate(pem.toString('latin1')) }
}

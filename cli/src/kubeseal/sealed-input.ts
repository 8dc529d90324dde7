/**
 * One SealedSecret as Kubernetes' decoders read it: empty input is an empty object, of several YAML documents the first counts.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { isObject, SEALED_SECRET_API_VERSION, sealedSecretOf, type SealedSecretManifest } from '@waxseal/sealed'
import { parseManifest, splitManifests } from '../sealing/manifest-input.ts'

export interface SealedInput {
  readonly sealed: SealedSecretManifest
  /** As the input says; the empty string where it says nothing. */
  readonly kind: string
  readonly apiVersion: string
}

/** @throws CodedError PARSE_FAILED, SECRET_INVALID */
export async function readSealed(text: string): Promise<SealedInput> {
  const [first = '{}', second] = splitManifests(text)
  const value = await parseManifest(first, { asGo: true })
  if (second !== undefined && first.startsWith('{')) {
    throw new CodedError('PARSE_FAILED', `couldn't get version/kind; json parse error: invalid character '${second[0]}' after top-level value`)
  }
  if (!isObject(value)) throw new CodedError('PARSE_FAILED', "couldn't get version/kind; the document is no object")
  const [kind, apiVersion] = [textOf(value['kind']), textOf(value['apiVersion'])]
  if (kind === 'Secret' && apiVersion === 'v1') throw new CodedError('SECRET_INVALID', 'converting (v1.Secret) to (v1alpha1.SealedSecret): unknown conversion')
  const isKnown = (kind === '' || kind === 'SealedSecret') && (apiVersion === '' || apiVersion === SEALED_SECRET_API_VERSION)
  if (!isKnown) throw new CodedError('SECRET_INVALID', `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`)
  return { sealed: sealedSecretOf(value), kind, apiVersion }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/**
 * `seal`: Secret manifests become SealedSecrets that only the controller can open.
 * @module
 */
import { CodedError } from '@waxseal/core'
import {
  checkNotExpired,
  isObject,
  KEY_HINT_ANNOTATION,
  parseCertificate,
  readMetadata,
  readSecret,
  SCOPES,
  scopeOf,
  sealSecret,
  secretItems,
  type Scope,
  type SealedSecretManifest,
  type SealingCertificate,
  type SecretManifest,
} from '@waxseal/sealed'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { readCertificate } from '../sealing/certificate-source.ts'
import { parseManifest, splitManifests } from '../sealing/manifest-input.ts'
import { manifestFile } from '../sealing/manifest-output.ts'
import { certificateSource, outputFormat, warnOfEnd } from '../sealing/native-options.ts'
import { checkOutput, deliver, inFile, readText, STDIO } from '../secret-file.ts'

export const seal: NativeAction = async ([file = STDIO], options, context) => {
  const output = { inPlace: options.bool('inPlace'), output: options.text('output') }
  checkOutput([file], output)
  const scope = readScope(options)
  const text = readText(context, file)
  const format = outputFormat(options, text)
  const secrets = await inFile(file, () => readSecrets(text, options))
  const pem = await readCertificate(certificateSource(options.text('cert'), options, context), context)
  const certificate = parseCertificate(Buffer.from(pem).toString('latin1'))
  checkNotExpired(certificate, context.now())
  warnOfEnd(certificate, context)
  const sealed = await inFile(file, () => secrets.map((secret) => sealWithHint(secret, certificate, scope)))
  deliver(context, new Map([[file, Buffer.from(await manifestFile(sealed, format))]]), output)
  return 0
}

function readScope(options: OptionValues): Scope | undefined {
  const given = options.text('scope')
  const scope = SCOPES.find((name) => name === given)
  if (given !== undefined && scope === undefined) {
    throw new CodedError('USAGE', `there is no scope ${JSON.stringify(given)}`, { hint: `one of ${SCOPES.join(', ')}` })
  }
  return scope
}

/** All are read before any is sealed. */
async function readSecrets(text: string, options: OptionValues): Promise<SecretManifest[]> {
  const secrets: SecretManifest[] = []
  for (const document of splitManifests(text)) {
    const manifest = await parseManifest(document)
    for (const item of isObject(manifest) && manifest['kind'] === 'List' && Array.isArray(manifest['items']) ? manifest['items'] : [manifest]) {
      secrets.push(placed(readSecret(item), options))
    }
  }
  if (secrets.length === 0) throw new CodedError('PARSE_EMPTY', 'no Secret in the input', { hint: 'give the manifest of a Secret, as JSON or YAML' })
  if (secrets.length > 1 && options.text('name') !== undefined) throw new CodedError('USAGE', '--name fits one Secret only')
  return secrets
}

/** With the name and namespace of the options; one may not contradict the other. */
function placed(secret: SecretManifest, options: OptionValues): SecretManifest {
  const { metadata } = secret
  const namespace = options.text('namespace')
  if (namespace && metadata.namespace && namespace !== metadata.namespace) {
    const hint = 'an item is bound to its namespace: change the manifest, or leave out --namespace'
    throw new CodedError('NAMESPACE_MISSING', `the Secret is in namespace "${metadata.namespace}", not in "${namespace}"`, { hint })
  }
  if (secretItems(secret).size === 0) {
    throw new CodedError('SECRET_INVALID', 'the Secret has neither data nor stringData', { hint: 'there is nothing to seal in it' })
  }
  const name = options.text('name')
  return { ...secret, metadata: readMetadata({ ...metadata, ...(name && { name }), ...(namespace && { namespace }) }) }
}

function sealWithHint(secret: SecretManifest, { publicKey, fingerprint }: SealingCertificate, scope: Scope | undefined): SealedSecretManifest {
  const chosen = scope ?? scopeOf(secret.metadata.annotations)
  const sealed = sealSecret(secret, publicKey, { scope: chosen })
  const annotations = { ...sealed.metadata.annotations, [KEY_HINT_ANNOTATION]: fingerprint }
  return { ...sealed, metadata: { ...sealed.metadata, annotations } }
}

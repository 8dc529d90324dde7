/**
 * `seal`: Secret manifests become SealedSecrets that only the controller can open.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import {
  isObject,
  KEY_HINT_ANNOTATION,
  openWith,
  readMetadata,
  readSecret,
  SCOPES,
  scopeOf,
  sealSecret,
  secretItems,
  type OpenItem,
  type Scope,
  type SealedSecretManifest,
  type SealingCertificate,
  type SecretManifest,
} from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { kindOfFile, readFileBounded } from '../files.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { parseManifest, splitManifests } from '../sealing/manifest-input.ts'
import { manifestFile, type ManifestFormat } from '../sealing/manifest-output.ts'
import { manifestFiles } from '../sealing/manifest-tree.ts'
import { outputFormat, privateKeys, sealingCertificate } from '../sealing/native-options.ts'
import { sealOver } from '../sealing/seal-over.ts'
import { readSealedFile, type SealedFile } from '../sealing/sealed-file.ts'
import { checkOutput, deliver, inFile, readText, STDIO, type Result } from '../documents/secret-file.ts'

export const seal: NativeAction = async (args, options, context) => {
  if (options.text('set') !== undefined) return (await import('./seal-item.ts')).sealItemInto(args, options, context)
  if (options.bool('stdin') || options.text('file') !== undefined) throw new CodedError('FLAGS_CONFLICT', '--stdin and --file need --set')
  const files = args.length === 0 ? [STDIO] : manifestFiles(args, 'Secret', context)
  const output = { inPlace: options.bool('inPlace'), output: options.text('output') }
  checkOutput(files, output)
  const scope = readScope(options)
  const inputs: { readonly file: string; readonly secrets: readonly SecretManifest[]; readonly format: ManifestFormat; readonly before: Uint8Array | null | undefined }[] = []
  const target = heldBy(output.output, context)
  for (const file of files) {
    const text = readText(context, file)
    const format = outputFormat(options, text)
    inputs.push({ file, secrets: await inFile(file, () => readSecrets(text, options)), format, before: output.inPlace ? Buffer.from(text) : target })
  }
  const known = await earlier(options, context)
  const certificate = await sealingCertificate(options, context)
  const results = new Map<string, Result>()
  for (const { file, secrets, format, before } of inputs) {
    const text = await inFile(file, async () => {
      const fresh = secrets.map((secret) => ({ secret, sealed: sealWithHint(secret, certificate, scope) }))
      return known ? await sealOver(known.file, fresh, known.open, format) : await manifestFile(fresh.map(({ sealed }) => sealed), format)
    })
    results.set(file, { bytes: Buffer.from(text), ...(before !== undefined && { before }) })
  }
  deliver(context, results, output)
  return 0
}

/** What the output file holds while nothing is sealed yet; null if it is not there; undefined if that cannot be told. */
function heldBy(output: string | undefined, context: Context): Uint8Array | null | undefined {
  if (output === undefined || output === STDIO) return undefined
  const path = resolve(context.cwd, output)
  const kind = kindOfFile(path)
  if (kind !== 'file') return kind === undefined ? null : undefined
  try {
    return readFileBounded(path, { name: output })
  } catch (error) {
    if (error instanceof CodedError) return undefined // it may be written and not read
    throw error
  }
}

/** What stands in the output file already and can be opened with the keys that are given. */
async function earlier(options: OptionValues, context: Context): Promise<{ readonly file: SealedFile; readonly open: OpenItem } | undefined> {
  if (options.list('key').length === 0) return undefined
  const output = options.text('output')
  if (output === undefined || output === STDIO) throw new CodedError('FLAGS_CONFLICT', '--key needs --output: it opens what was sealed into that file before')
  const open = openWith(await privateKeys(options, context))
  if (kindOfFile(resolve(context.cwd, output)) === undefined) return undefined
  const text = readText(context, output)
  return { file: await inFile(output, () => readSealedFile(text)), open }
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
    if (isObject(manifest) && isObject(manifest['sops'])) throw new CodedError('ALREADY_ENCRYPTED', 'the Secret is encrypted with SOPS', { hint: 'waxseal decrypt FILE | waxseal seal' })
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

/**
 * `unseal`: SealedSecrets are opened here, with private sealing keys out of files. No cluster is asked.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { KEY_HINT_ANNOTATION, openWith, readMetadata, readSealedSecret, unsealSecret, type SealingKey, type SecretManifest } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { replaceFile } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { readKeyFile } from '../sealing/key-files.ts'
import { parseManifest, splitManifests } from '../sealing/manifest-input.ts'
import { manifestFile } from '../sealing/manifest-output.ts'
import { outputFormat } from '../sealing/native-options.ts'
import { inFile, readSource, readText, STDIO } from '../secret-file.ts'

const PRIVATE_MODE = 0o600

export const unseal: NativeAction = async ([file = STDIO], options, context) => {
  const keys = await readKeys(options.list('key'), context)
  const text = readText(context, file)
  const secrets = await inFile(file, () => openAll(text, keys))
  const printed = Buffer.from(await manifestFile(secrets, outputFormat(options, text)))
  const output = options.text('output')
  if (output === undefined || output === STDIO) context.stdout.write(printed)
  else replaceFile(resolve(context.cwd, output), printed, output, PRIVATE_MODE)
  return 0
}

async function readKeys(files: readonly string[], context: Context): Promise<SealingKey[]> {
  if (files.length === 0) {
    throw new CodedError('USAGE', 'no private key is given', { hint: 'give --key FILE: a PEM key, a key Secret, or a backup of key Secrets' })
  }
  const keys: SealingKey[] = []
  for (const file of files) {
    const found = await inFile(file, () => readKeyFile(Buffer.from(readSource(context, file)).toString('utf8')))
    if (found.length === 0) throw new CodedError('SEALING_KEY_INVALID', `${file}: no private key in it`, { hint: 'a key Secret has kind: Secret and tls.key' })
    keys.push(...found)
  }
  return keys
}

async function openAll(text: string, keys: readonly SealingKey[]): Promise<SecretManifest[]> {
  const { renderTemplates } = await import('@waxseal/go-template')
  const secrets: SecretManifest[] = []
  for (const document of splitManifests(text)) {
    const sealed = readSealedSecret(await parseManifest(document))
    const expected = sealed.metadata.annotations?.[KEY_HINT_ANNOTATION]
    const { secret } = onOneLine(() => unsealSecret(sealed, openWith(keys), { render: renderTemplates, acceptWholeSecret: true, ...(expected && { expected }) }))
    secrets.push(sealed.metadata.uid ? secret : withoutOwner(secret))
  }
  if (secrets.length === 0) throw new CodedError('PARSE_EMPTY', 'no SealedSecret in the input', { hint: 'give its manifest, as JSON or YAML' })
  return secrets
}

/** Different failures of several items stand on a line each. */
function onOneLine<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, error.message.replaceAll('\n', '; '), { ...(error.hint && { hint: error.hint }), cause: error })
  }
}

/** A reference to an object that was never in a cluster would be refused there. */
function withoutOwner(secret: SecretManifest): SecretManifest {
  return { ...secret, metadata: readMetadata({ ...secret.metadata, ownerReferences: secret.metadata.ownerReferences?.filter(({ uid }) => uid !== '') }) }
}

/**
 * `unseal`: SealedSecrets are opened here, with private sealing keys out of files. No cluster is asked.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { KEY_HINT_ANNOTATION, openWith, readMetadata, readSealedSecret, unsealSecret, type OpenItem, type SecretManifest } from '@waxseal/sealed'
import { replaceFile } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { parseManifest, splitManifests } from '../sealing/manifest-input.ts'
import { manifestFile } from '../sealing/manifest-output.ts'
import { manifestFiles } from '../sealing/manifest-tree.ts'
import { outputFormat, privateKeys } from '../sealing/native-options.ts'
import { onOneLine } from '../sealing/one-line.ts'
import { inFile, readText, STDIO } from '../documents/secret-file.ts'

const PRIVATE_MODE = 0o600

export const unseal: NativeAction = async (args, options, context) => {
  const files = args.length === 0 ? [STDIO] : manifestFiles(args, 'SealedSecret', context)
  const open = openWith(await privateKeys(options, context))
  const secrets: SecretManifest[] = []
  let first = ''
  for (const file of files) {
    const text = readText(context, file)
    first ||= text
    secrets.push(...(await inFile(file, () => openAll(text, open))))
  }
  const printed = Buffer.from(await manifestFile(secrets, outputFormat(options, first)))
  const output = options.text('output')
  if (output === undefined || output === STDIO) context.stdout.write(printed)
  else replaceFile(resolve(context.cwd, output), printed, output, PRIVATE_MODE)
  return 0
}

async function openAll(text: string, open: OpenItem): Promise<SecretManifest[]> {
  const { renderTemplates } = await import('@waxseal/go-template')
  const secrets: SecretManifest[] = []
  for (const document of splitManifests(text)) {
    const sealed = readSealedSecret(await parseManifest(document))
    const expected = sealed.metadata.annotations?.[KEY_HINT_ANNOTATION]
    const { secret } = onOneLine(() => unsealSecret(sealed, open, { render: renderTemplates, acceptWholeSecret: true, ...(expected && { expected }) }))
    secrets.push(sealed.metadata.uid ? secret : withoutOwner(secret))
  }
  if (secrets.length === 0) throw new CodedError('PARSE_EMPTY', 'no SealedSecret in the input', { hint: 'give its manifest, as JSON or YAML' })
  return secrets
}

/** A reference to an object that was never in a cluster would be refused there. */
function withoutOwner(secret: SecretManifest): SecretManifest {
  return { ...secret, metadata: readMetadata({ ...secret.metadata, ownerReferences: secret.metadata.ownerReferences?.filter(({ uid }) => uid !== '') }) }
}

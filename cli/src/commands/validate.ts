/**
 * `validate`: whether SealedSecrets open, asked of the controller, or tried here with private keys. Nothing is shown of the values.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { KEY_HINT_ANNOTATION, openWith, unsealSecret, type SealedSecretManifest } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { exitStatusOf } from '../exit-status.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { verifyItems } from '../sealing/ask-controller.ts'
import { ACCEPT_OBJECT, ControllerService } from '../sealing/controller-service.ts'
import { manifestFiles } from '../sealing/manifest-tree.ts'
import { certificateSource, privateKeys } from '../sealing/native-options.ts'
import { onOneLine } from '../sealing/one-line.ts'
import { readSealedFile, shownName } from '../sealing/sealed-file.ts'
import { inFile, readText } from '../documents/secret-file.ts'

interface Verdict {
  readonly file: string
  readonly valid: boolean
  readonly sealedSecrets?: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
}

/** @throws CodedError if it does not open */
type Check = (sealed: SealedSecretManifest) => Promise<void>

export const validate: NativeAction = async (args, options, context) => {
  const files = manifestFiles(args.length === 0 ? ['.'] : args, 'SealedSecret', context)
  const check = options.list('key').length > 0 ? await withKeys(options, context) : await byController(options, context)
  const verdicts: Verdict[] = []
  let firstError: CodedError | undefined
  for (const file of files) {
    try {
      verdicts.push({ file, valid: true, sealedSecrets: await checkFile(file, check, context) })
    } catch (error) {
      if (!(error instanceof CodedError) || context.signal.aborted || error.code.startsWith('KUBE_')) throw error
      firstError ??= error
      verdicts.push({ file, valid: false, error: { code: error.code, message: error.message } })
    }
  }
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`)
  else for (const { file, error } of verdicts) context.stdout.write(error ? `failed  ${printable(error.message)}\n` : `valid   ${printable(file)}\n`)
  return firstError ? exitStatusOf(firstError) : 0
}

/** @returns the names of what opens. */
async function checkFile(file: string, check: Check, context: Context): Promise<readonly string[]> {
  const text = readText(context, file)
  return await inFile(file, async () => {
    const { secrets } = await readSealedFile(text)
    for (const { sealed } of secrets) await inFile(shownName(sealed), () => check(sealed))
    return secrets.map(({ sealed }) => shownName(sealed))
  })
}

async function withKeys(options: OptionValues, context: Context): Promise<Check> {
  const open = openWith(await privateKeys(options, context))
  return async (sealed) => {
    const expected = sealed.metadata.annotations?.[KEY_HINT_ANNOTATION]
    onOneLine(() => unsealSecret(sealed, open, { acceptWholeSecret: true, ...(expected && { expected }) }))
  }
}

async function byController(options: OptionValues, context: Context): Promise<Check> {
  const { cluster, controller } = certificateSource(undefined, options, context)
  const service = await ControllerService.find(cluster, controller, ACCEPT_OBJECT)
  return (sealed) => verifyItems(service, sealed, context)
}

/**
 * `decrypt`: the plaintext of SOPS files, in their own layout or in another format.
 * @module
 */
import { plainTree } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { checkOutput, deliver, formatOf, inFile, openSecretFile, STDIO } from '../documents/secret-file.ts'
import { forEachFile, secretFiles } from '../documents/secret-tree.ts'

export const decrypt: NativeAction = async (args, options, context) => {
  const files = args.length === 0 ? [STDIO] : secretFiles(args, context)
  const output = { inPlace: options.bool('inPlace'), output: options.text('output') }
  const type = options.text('type')
  const outputType = options.text('outputType')
  checkOutput(files, output)
  const results = await forEachFile(files, context, async (file) => {
    const outputFormat = outputType === undefined ? undefined : formatOf(file, outputType)
    const { source, format, opened } = await openSecretFile(context, file, type, true)
    const keepsFormat = outputFormat === undefined || outputFormat === format
    const bytes = await inFile(file, () => (keepsFormat ? opened.document.apply(opened.edits, null) : outputFormat.emit(plainTree(opened))))
    return [file, { bytes, ...(output.inPlace && { before: source }) }] as const
  })
  deliver(context, new Map(results), output)
  return 0
}

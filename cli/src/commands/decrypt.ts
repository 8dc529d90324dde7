/** @module */
import { CodedError, plainTree } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { deliver, formatOf, inFile, openSecretFile, STDIO } from '../secret-file.ts'

export const decrypt: NativeAction = async (args, options, context) => {
  const files = args.length === 0 ? [STDIO] : args
  const inPlace = options.bool('inPlace')
  const output = options.text('output')
  if (inPlace && output !== undefined) throw new CodedError('FLAGS_CONFLICT', '--in-place and --output exclude each other')
  if (inPlace && files.includes(STDIO)) throw new CodedError('FLAGS_CONFLICT', 'standard input cannot be replaced', { hint: 'leave --in-place out' })
  if (files.length > 1 && !inPlace) throw new CodedError('FLAGS_CONFLICT', 'several files need --in-place')
  for (const file of files) {
    const { format, opened } = await openSecretFile(context, file, options.text('type'), true)
    const outputType = options.text('outputType')
    const result = await inFile(file, () =>
      outputType === undefined || outputType === format.name ? opened.document.apply(opened.edits, null) : formatOf(file, outputType).emit(plainTree(opened)),
    )
    deliver(context, result, { inPlace: inPlace ? file : undefined, output })
  }
  return 0
}

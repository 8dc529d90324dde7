/** @module */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { deliver, encryptPlain, formatOf, inFile, newFileSettings, parsePlainFile, readSource, STDIO } from '../secret-file.ts'

export const encrypt: NativeAction = async (args, options, context) => {
  const files = args.length === 0 ? [STDIO] : args
  const inPlace = options.bool('inPlace')
  const output = options.text('output')
  const stdinName = options.text('filename')
  if (inPlace && output !== undefined) throw new CodedError('FLAGS_CONFLICT', '--in-place and --output exclude each other')
  if (inPlace && files.includes(STDIO)) throw new CodedError('FLAGS_CONFLICT', 'standard input cannot be replaced', { hint: 'leave --in-place out' })
  if (files.length > 1 && !inPlace) throw new CodedError('FLAGS_CONFLICT', 'several files need --in-place')
  if (files.includes(STDIO) && stdinName === undefined && options.text('type') === undefined) {
    throw new CodedError('USAGE', 'standard input has no name to tell its format and rule', { hint: 'give --filename NAME, or --type' })
  }
  for (const file of files) {
    const name = file === STDIO ? (stdinName ?? STDIO) : file
    const format = formatOf(name, options.text('type'))
    const source = readSource(context, file)
    const result = await inFile(file, async () => {
      const document = parsePlainFile(format, source)
      return encryptPlain(context, document, format, await newFileSettings(context, resolve(context.cwd, name), format, options.list('age')))
    })
    deliver(context, result, { inPlace: inPlace ? file : undefined, output })
    if (inPlace) context.stderr.write(`encrypted ${file}\n`)
  }
  return 0
}

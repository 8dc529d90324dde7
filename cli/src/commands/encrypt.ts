/**
 * `encrypt`: plain files become SOPS files, by their creation rules.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { checkOutput, deliver, encryptPlain, formatOf, inFile, newFileSettings, parsePlainFile, readSource, STDIO, type Result } from '../documents/secret-file.ts'
import { forEachFile, plainFiles } from '../documents/secret-tree.ts'

export const encrypt: NativeAction = async (args, options, context) => {
  const ruleFile = options.text('config')
  const files = args.length === 0 ? [STDIO] : await plainFiles(args, ruleFile, context)
  const output = { inPlace: options.bool('inPlace'), output: options.text('output') }
  const type = options.text('type')
  const stdinName = options.text('filename')
  checkOutput(files, output)
  if (files.includes(STDIO) && stdinName === undefined && type === undefined) {
    throw new CodedError('USAGE', 'standard input has no name to tell its format and rule', { hint: 'give --filename NAME, or --type' })
  }
  const choice = { recipients: options.list('age'), ruleFile }
  const results = await forEachFile(files, context, async (file): Promise<readonly [string, Result]> => {
    const name = file === STDIO ? (stdinName ?? STDIO) : file
    const format = formatOf(name, type)
    const source = readSource(context, file)
    const settings = await newFileSettings(context, name, format, choice)
    const bytes = await inFile(file, () => encryptPlain(context, name, parsePlainFile(format, source), format, settings))
    return [file, { bytes, ...(output.inPlace && { before: source }) }]
  })
  deliver(context, new Map(results), output)
  return 0
}

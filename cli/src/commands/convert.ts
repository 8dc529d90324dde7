/**
 * `convert`: a file in another format. An encrypted one stays encrypted, under its own data key and for its own recipients, and values keep their ciphertext where
 * path, type and text stay.
 * @module
 */
import { CodedError, plainTree, type Format } from '@waxseal/core'
import { binary, formatForPath, formats } from '@waxseal/formats'
import type { Context } from '../context.ts'
import { convertTree, type Losses } from '../documents/conversion.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { deliver, encryptReplacement, formatOf, inFile, openSource, parsePlainFile, readSource, STDIO } from '../documents/secret-file.ts'

/** Paths that are shown; `--json` has them all. */
const SHOWN = 5

export const convert: NativeAction = async ([file = ''], options, context) => {
  const [output, type] = [options.text('output'), options.text('type')]
  const isDry = options.bool('dryRun')
  const goesToFile = output !== undefined && output !== STDIO
  if (options.bool('json') && !isDry && !goesToFile) throw new CodedError('FLAGS_CONFLICT', '--json needs --output or --dry-run: standard output has the file')
  const [from, to] = [formatOf(file, type), outputFormat(options)]
  if (from === binary || to === binary) throw new CodedError('USAGE', 'a binary file is one value: there is nothing to convert', { hint: `the formats are ${names()}; --type says which the input has` })
  const source = readSource(context, file)
  const document = await inFile(file, () => parsePlainFile(from, source))
  const isEncrypted = document.metadata !== undefined
  const { bytes, losses } = isEncrypted ? await convertEncrypted(file, from, source, to, context) : await inFile(file, () => inPlain(convertTree(document.tree, from, to)))
  tell({ file, from: from.name, to: to.name, isEncrypted, losses }, options, context)
  if (!isDry) deliver(context, new Map([[file, { bytes }]]), { inPlace: false, output })
  return 0
}

function outputFormat(options: OptionValues): Format {
  const [type, output] = [options.text('outputType'), options.text('output')]
  if (type !== undefined) return formatOf('', type)
  if (output === undefined || output === STDIO) throw new CodedError('USAGE', 'into which format?', { hint: 'give --output-type, or an --output whose name tells it' })
  return formatForPath(output)
}

const names = (): string => formats.filter((format) => format !== binary).map(({ name }) => name).join(', ')

const inPlain = ({ text, losses }: ReturnType<typeof convertTree>): Result => ({ bytes: text, losses })

interface Result {
  readonly bytes: Uint8Array
  readonly losses: Losses
}

async function convertEncrypted(file: string, format: Format, source: Uint8Array, to: Format, context: Context): Promise<Result> {
  const secret = await openSource(context, { name: file, source, format })
  return await inFile(file, async () => {
    const { document, losses } = convertTree(plainTree(secret.opened), format, to)
    return { bytes: await encryptReplacement(secret, document, to, context), losses }
  })
}

interface Answer {
  readonly file: string
  readonly from: string
  readonly to: string
  readonly isEncrypted: boolean
  readonly losses: Losses
}

function tell({ file, from, to, isEncrypted, losses }: Answer, options: OptionValues, context: Context): void {
  if (options.bool('json')) {
    context.stdout.write(`${JSON.stringify({ file, from, to, encrypted: isEncrypted, commentsLost: losses.comments, becomeText: losses.becomeText }, null, 2)}\n`)
    return
  }
  const { comments, becomeText } = losses
  const lines = [
    ...(comments > 0 ? [`${comments} comment${comments === 1 ? ' has' : 's have'} no place in ${to}`] : []),
    ...(becomeText.length > 0 ? [`${becomeText.length} value${becomeText.length === 1 ? ' becomes' : 's become'} text in ${to}: ${becomeText.slice(0, SHOWN).join(', ')}${becomeText.length > SHOWN ? ', ...' : ''}`] : []),
  ]
  const told = lines.length === 0 && options.bool('dryRun') ? [`nothing is lost in ${to}`] : lines
  const target = options.bool('dryRun') ? context.stdout : context.stderr
  for (const line of told) target.write(`${printable(file)}: ${printable(line)}\n`)
}

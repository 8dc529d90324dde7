/**
 * `seal --set`: one item of a SealedSecret gets another value. No key is needed, and the other items stay as they are.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { labelOf, sealItem } from '@waxseal/sealed'
import { checkValueSource, readGivenValue } from '../ui/given-value.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { sealingCertificate } from '../sealing/native-options.ts'
import { changeItems, readSealedFile, shownName, type PlacedSealedSecret, type SealedFile } from '../sealing/sealed-file.ts'
import { deliver, inFile, readText, refuseStdio, saveSecretFile } from '../documents/secret-file.ts'

/** What the API server takes for the name of an item. */
const ITEM_NAME = /^[-._A-Za-z0-9]{1,253}$/
/** They say what is in the file already. */
const UNFIT = ['scope', 'format', 'key'] as const

export const sealItemInto: NativeAction = async ([file, another], options, context) => {
  const item = options.text('set') ?? ''
  if (!ITEM_NAME.test(item)) throw new CodedError('USAGE', `${JSON.stringify(item)} cannot be the name of an item`, { hint: 'letters, digits, "-", "_" and "."' })
  if (file === undefined || another !== undefined) throw new CodedError('USAGE', '--set needs one SealedSecret file')
  refuseStdio(file)
  checkValueSource(options)
  const unfit = UNFIT.find((name) => options.list(name).length > 0)
  if (unfit !== undefined) throw new CodedError('FLAGS_CONFLICT', `--set and --${unfit} exclude each other`)
  const text = readText(context, file)
  const { sealedFile, secret } = await inFile(file, async () => {
    const read = await readSealedFile(text)
    return { sealedFile: read, secret: choose(read, options) }
  })
  const certificate = await sealingCertificate(options, context)
  const value = await readGivenValue(item, options, context)
  const sealed = sealItem(value, certificate.publicKey, labelOf(secret.sealed.metadata))
  value.fill(0)
  const result = await inFile(file, () => changeItems(sealedFile, [{ secret, items: new Map([[item, sealed]]) }]))
  const output = options.text('output')
  if (output === undefined) saveSecretFile({ name: file, source: Buffer.from(text) }, Buffer.from(result), context)
  else deliver(context, new Map([[file, { bytes: Buffer.from(result) }]]), { inPlace: false, output })
  return 0
}

/** @throws CodedError USAGE - none or several fit; SECRET_INVALID - it cannot have items */
function choose({ secrets }: SealedFile, options: OptionValues): PlacedSealedSecret {
  const [name, namespace] = [options.text('name'), options.text('namespace')]
  const fitting = secrets.filter(({ sealed: { metadata } }) => (name === undefined || name === metadata.name) && (namespace === undefined || namespace === metadata.namespace))
  const [secret] = fitting
  const names = secrets.map(({ sealed }) => shownName(sealed)).join(', ')
  if (secret === undefined) throw new CodedError('USAGE', 'no such SealedSecret in it', { hint: `there are: ${names}` })
  if (fitting.length > 1) throw new CodedError('USAGE', 'there is more than one SealedSecret in it', { hint: `say which with --name and --namespace: ${names}` })
  if (secret.sealed.spec.data !== undefined) throw new CodedError('SECRET_INVALID', 'it has the deprecated field data, which is sealed as a whole', { hint: 'unseal it and seal it anew' })
  return secret
}

/**
 * The old command line, `sops [flags] FILE`: `-e`, `-d`, `-r`, `--set`, and editing without any of them.
 * Several together run one after the other, each on the file as it is; the last one's result counts.
 * @module
 */
import { resolve } from 'node:path'
import { kindOfFile } from '../files.ts'
import { type Action, SopsError, warnOfExtraArguments } from './action.ts'
import { existingFile } from './decrypt.ts'
import { providersFor } from './keys.ts'
import { checkDecryptionOrder } from './load.ts'
import { refuseTwoOutputs, type Result, writeInPlace, writeResult } from './output.ts'
import { refuseKeysWithoutFile, rotateFile } from './rotate.ts'
import { creationRule, encryptSettings } from './settings.ts'
import { namedAs, storesFor } from './stores.ts'

const STATUS_NO_FILE = 100

export const legacy: Action = async (invocation) => {
  const { args, context, flags, log } = invocation
  const modes = { encrypt: flags.bool('encrypt'), decrypt: flags.bool('decrypt'), rotate: flags.bool('rotate'), set: flags.string('set') !== '' }
  const chosen = Object.values(modes).filter(Boolean).length
  const [given] = args
  if (given === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  warnOfExtraArguments(invocation)
  refuseTwoOutputs(invocation)
  const file = resolve(context.cwd, given)
  refuseKeysWithoutFile(invocation, file, 'use `--kms` and `--pgp` instead.')
  if (modes.encrypt || modes.decrypt || modes.rotate) existingFile(invocation, given)
  if (chosen > 1) {
    log.warn(
      'More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. Only the changes made by the last one will be visible. Note that this behavior is deprecated and will cause an error eventually.',
    )
  }
  const name = namedAs(invocation, file)
  const onlyDecrypts = modes.decrypt && chosen === 1
  const rule = onlyDecrypts ? null : await creationRule(invocation, name)
  const stores = await storesFor(invocation, name)
  checkDecryptionOrder(invocation)
  if (chosen === 0) {
    const { editExample, editFile } = await import('./edit.ts')
    return kindOfFile(file) === undefined ? await editExample(invocation, file, stores, rule) : await editFile(invocation, file, stores)
  }

  let result: Result = { bytes: new Uint8Array(), before: new Uint8Array() }
  if (modes.encrypt) {
    const { encryptWith } = await import('./encrypt.ts')
    const settings = await encryptSettings(invocation, rule, stores.input, await providersFor(invocation))
    try {
      result = await encryptWith(invocation, file, stores, settings)
    } catch (error) {
      if (chosen === 1) throw error // the last one's failure counts, too
    }
  }
  if (modes.decrypt) {
    const { decryptFile } = await import('./decrypt.ts')
    result = await decryptFile(invocation, file, stores)
  }
  if (modes.rotate) result = await rotateFile(invocation, file, stores)
  if (modes.set) {
    const { parseSetArgument, setInFile } = await import('./set.ts')
    const { path, value } = parseSetArgument(flags.string('set'))
    return writeInPlace(invocation, file, await setInFile(invocation, file, stores, path, value))
  }
  return writeResult(invocation, file, result)
}

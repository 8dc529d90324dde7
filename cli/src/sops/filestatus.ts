/**
 * `sops filestatus`: whether a file is encrypted. Nothing is decrypted.
 * @module
 */
import { CodedError, parseMetadata } from '@waxseal/core'
import { type Action, FatalError, type Invocation, SopsError } from './action.ts'
import { providersFor } from './keys.ts'
import { parseEncrypted, readSource } from './load.ts'
import { textInSops } from './reference-text.ts'
import { storesFor } from './stores.ts'

const STATUS_NO_FILE = 100

export const fileStatus: Action = async (invocation) => {
  const [given] = invocation.args
  if (given === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  const encrypted = await isEncrypted(invocation, given)
  invocation.context.stdout.write(`{"encrypted":${encrypted}}\n`)
  return 0
}

async function isEncrypted(invocation: Invocation, given: string): Promise<boolean> {
  const { input } = await storesFor(invocation, given)
  const providers = await providersFor(invocation)
  try {
    const document = parseEncrypted(input, await readSource(invocation, given))
    const { version, mac } = parseMetadata(document.metadata, providers)
    return version !== '' && mac !== ''
  } catch (error) {
    if (error instanceof CodedError && error.code === 'NOT_ENCRYPTED') return false
    const text = error instanceof CodedError ? textInSops(error) : error instanceof SopsError ? error.message : undefined
    if (text === undefined) throw error
    throw new FatalError(`cannot check file status: cannot load encrypted file: ${text}`)
  }
}

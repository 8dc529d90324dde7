/**
 * Saving what somebody wrote in an editor. It stands nowhere else, so if the file was saved by somebody else meanwhile, the text is kept beside it: encrypted, as
 * it would have been in the file.
 * @module
 */
import { basename, dirname, join } from 'node:path'
import { CodedError } from '@waxseal/core'
import { checkUnchanged, createFile, replaceFile } from '../files.ts'

const MAX_COPIES = 100

/**
 * @param path - absolute
 * @param before - what it held when it was opened; null if it was not there
 * @param result - encrypted
 * @param name - what messages call the file
 * @throws CodedError FILE_CHANGED - with a hint where the text is; FILE_*
 */
export function saveEdited(path: string, before: Uint8Array | null, result: Uint8Array, name: string): void {
  try {
    checkUnchanged(path, before, name)
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'FILE_CHANGED') throw error
    const copy = join(dirname(name), keepBeside(path, result))
    throw new CodedError(error.code, error.message, { cause: error, hint: `what you wrote is in ${copy}, encrypted: take over from there what the file lacks, then remove it` })
  }
  replaceFile(path, result, name)
}

/** @returns the name of the copy, whose ending tells its format as that of the file does */
function keepBeside(path: string, bytes: Uint8Array): string {
  for (let count = 1; ; count++) {
    const name = `edited-${count === 1 ? '' : `${count}-`}${basename(path)}`
    try {
      createFile(join(dirname(path), name), bytes, 0o666, name)
      return name
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'FILE_EXISTS' || count === MAX_COPIES) throw error
    }
  }
}

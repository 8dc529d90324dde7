/**
 * Where a command's result goes: over the file, to `--output`, or to standard output. It is complete before anything is opened.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { checkUnchanged, replaceFile } from '../files.ts'
import { type Invocation, SopsError } from './action.ts'

const STATUS_CONFLICT = 8
const STATUS_WRITE = 3

/** `-i` and `--output` exclude each other. */
export function refuseTwoOutputs({ flags }: Invocation): void {
  if (flags.bool('in-place') && flags.string('output') !== '') {
    throw new SopsError('Error: cannot operate on both --output and --in-place', STATUS_CONFLICT)
  }
}

/** @param file - absolute, for `-i` */
export function writeResult(invocation: Invocation, file: string | undefined, result: Uint8Array): number {
  const { context, flags } = invocation
  if (file !== undefined && flags.bool('in-place')) return writeInPlace(invocation, file, result)
  const output = flags.string('output')
  if (output === '') context.stdout.write(result)
  else writing('Could not open output file for writing', () => replaceFile(resolve(context.cwd, output), result, output))
  return 0
}

/** @param before - what the file held when it was read: if somebody saved it since, it stays. Absent: whatever it holds goes */
export function writeInPlace({ log }: Invocation, file: string, result: Uint8Array, before?: Uint8Array): number {
  writing('Could not open in-place file for writing', () => {
    if (before !== undefined) checkUnchanged(file, before)
    replaceFile(file, result)
  })
  log.write('info', 'File written successfully')
  return 0
}

/** @param failure - what the reference says where a file cannot be written */
export function writing(failure: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const text = `${error.message}${error.hint ? ` (${error.hint})` : ''}`
    throw new SopsError(error.code === 'FILE_CHANGED' ? text : `${failure}: open ${text}`, STATUS_WRITE, error)
  }
}

/**
 * Where a command's result goes: over the file, to `--output`, or to standard output. It is complete before anything is opened.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { replaceFile, replaceUnchanged } from '../files.ts'
import { type Invocation, SopsError } from './action.ts'

const STATUS_CONFLICT = 8
const STATUS_WRITE = 3

/** `-i` and `--output` exclude each other. */
export function refuseTwoOutputs({ flags }: Invocation): void {
  if (flags.bool('in-place') && flags.string('output') !== '') {
    throw new SopsError('Error: cannot operate on both --output and --in-place', STATUS_CONFLICT)
  }
}

export interface Result {
  readonly bytes: Uint8Array
  /** What the file held when it was read: who saved it since keeps it. */
  readonly before: Uint8Array
}

/** @param file - absolute, for `-i` */
export function writeResult(invocation: Invocation, file: string | undefined, result: Result): number {
  const { context, flags } = invocation
  if (file !== undefined && flags.bool('in-place')) return writeInPlace(invocation, file, result)
  const output = flags.string('output')
  if (output === '') context.stdout.write(result.bytes)
  else writing('Could not open output file for writing', () => replaceFile(resolve(context.cwd, output), result.bytes, output))
  return 0
}

/** @param file - absolute */
export function writeInPlace({ log }: Invocation, file: string, { bytes, before }: Result): number {
  writing('Could not open in-place file for writing', () => replaceUnchanged(file, bytes, before))
  log.write('info', 'File written successfully')
  return 0
}

/** @param failure - what the reference says where a file cannot be written, and the status that it ends with then */
export function writing(failure: string, write: () => void, status: number = STATUS_WRITE): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const text = `${error.message}${error.hint ? ` (${error.hint})` : ''}`
    throw error.code === 'FILE_CHANGED' ? new SopsError(text, STATUS_WRITE, error) : new SopsError(`${failure}: open ${text}`, status, error)
  }
}

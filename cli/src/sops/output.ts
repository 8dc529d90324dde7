/**
 * Where a command's result goes: over the file, to `--output`, or to standard output. It is complete before anything is opened.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { replaceFile } from '../files.ts'
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
  else write(resolve(context.cwd, output), output, result, 'Could not open output file for writing')
  return 0
}

export function writeInPlace({ log }: Invocation, file: string, result: Uint8Array): number {
  write(file, file, result, 'Could not open in-place file for writing')
  log.write('info', 'File written successfully')
  return 0
}

function write(path: string, name: string, result: Uint8Array, failure: string): void {
  try {
    replaceFile(path, result, name)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new SopsError(`${failure}: open ${error.message}${error.hint ? ` (${error.hint})` : ''}`, STATUS_WRITE, error)
  }
}

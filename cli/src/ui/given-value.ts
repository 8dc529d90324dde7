/**
 * A new value from the user: asked for without echo, or from standard input or a file. Never from the command line, which other users can read.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import type { OptionValues } from '../native-command.ts'
import { askHidden } from './terminal.ts'

/** @throws CodedError FLAGS_CONFLICT */
export function checkValueSource(options: OptionValues): void {
  if (options.bool('stdin') && options.text('file') !== undefined) throw new CodedError('FLAGS_CONFLICT', '--stdin and --file exclude each other')
}

/** Of standard input one final newline is dropped. */
export async function readGivenValue(what: string, options: OptionValues, context: Context): Promise<Uint8Array> {
  const file = options.text('file')
  if (file !== undefined) return readFileBounded(resolve(context.cwd, file), { name: file })
  if (options.bool('stdin')) {
    const bytes = context.stdin.readAll()
    return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes
  }
  return Buffer.from(await askHidden(`value for ${what}: `, 'use --stdin or --file'), 'utf8')
}

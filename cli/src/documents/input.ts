/**
 * What a command works on.
 * @module
 */
import { resolve } from 'node:path'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { inputLimit } from './input-limit.ts'

/**
 * The bytes of a file, or of standard input.
 * @param path - absolute, or as given for messages that show it so; undefined: standard input
 * @throws CodedError USAGE, FILE_NOT_FOUND, FILE_IS_DIRECTORY, FILE_UNREADABLE, PARSE_LIMIT
 */
export function readInput(context: Context, path: string | undefined): Uint8Array {
  const limit = inputLimit(context)
  const bytes = path === undefined ? context.stdin.readAll(limit) : readFileBounded(path === '' ? path : resolve(context.cwd, path), { name: path, ...limit })
  context.expectWork(bytes.length)
  return bytes
}

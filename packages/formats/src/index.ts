/**
 * The file formats: each one is the only parser and the only writer of its files.
 * @module
 */
import type { Format } from '@waxseal/core'
import { binary } from './binary.ts'
import { dotenv } from './dotenv/format.ts'
import { ini } from './ini/format.ts'
import { json } from './json/format.ts'
import { yaml } from './yaml/format.ts'

export { binary, dotenv, ini, json, yaml }
export { floatUpperG } from './number-text.ts'
export { doubleQuoted, isSimpleKey, literalBlock, singleQuoted, stringStyle } from './yaml/scalar-text.ts'

/** In the order in which file names are tried. */
export const formats: readonly Format[] = [yaml, json, dotenv, ini, binary]

/** @param name - as in `--input-type` */
export function formatByName(name: string): Format | undefined {
  return formats.find((format) => format.name === name)
}

/** By the ending of a file's name, case-sensitive; what nobody claims is binary. */
export function formatForPath(path: string): Format {
  return formats.find(({ extensions }) => extensions.some((extension) => path.endsWith(extension))) ?? binary
}

/**
 * JSON files.
 * @module
 */
import type { Format } from '@waxseal/core'
import { complexExample } from '../examples.ts'
import { parse } from './document.ts'
import { emit, emitValue, METADATA_KEY } from './emit.ts'

export const json: Format = {
  name: 'json',
  extensions: ['.json'],
  isReservedKey: (key) => key === METADATA_KEY,
  parse,
  emit,
  emitValue,
  example: Buffer.from(emit(complexExample)).toString('utf8'),
}

/**
 * JSON files.
 * @module
 */
import type { Format } from '@waxseal/core'
import { complexExample } from '../examples.ts'
import { isMetadataKey } from '../metadata-key.ts'
import { parse } from './document.ts'
import { emit, emitValue } from './emit.ts'

export const json: Format = {
  name: 'json',
  extensions: ['.json'],
  isReservedKey: isMetadataKey,
  parse,
  emit,
  emitValue,
  get example(): string {
    return Buffer.from(emit(complexExample)).toString('utf8')
  },
}

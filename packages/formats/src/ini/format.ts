/**
 * INI files.
 * @module
 */
import type { Format } from '@waxseal/core'
import { sectionExample } from '../examples.ts'
import { isMetadataKey } from '../metadata-key.ts'
import { parse } from './document.ts'
import { emit, emitValue } from './emit.ts'

export const ini: Format = {
  name: 'ini',
  extensions: ['.ini'],
  isReservedKey: isMetadataKey,
  parse,
  emit,
  emitValue,
  get example(): string {
    return Buffer.from(emit(sectionExample)).toString('utf8')
  },
}

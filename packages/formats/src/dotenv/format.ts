/**
 * dotenv files.
 * @module
 */
import type { Format } from '@waxseal/core'
import { flatExample } from '../examples.ts'
import { parse } from './document.ts'
import { emit, emitValue, isReservedKey } from './emit.ts'

export const dotenv: Format = {
  name: 'dotenv',
  extensions: ['.env'],
  isReservedKey,
  parse,
  emit,
  emitValue,
  get example(): string {
    return Buffer.from(emit(flatExample)).toString('utf8')
  },
}

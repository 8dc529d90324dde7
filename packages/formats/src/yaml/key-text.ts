/**
 * The key of an entry in SOPS's own spelling.
 * @module
 */
import type { Entry, Node } from '@waxseal/core'
import { doubleQuoted, type ScalarPlace, stringText } from './scalar-text.ts'

/** `<<` is a merge, as the reference writes it, but for values that no merge takes: nobody reads those, the reference neither. */
export function keyText({ key, value }: Entry, place: ScalarPlace): string {
  return key === '<<' && !isMergeable(value) ? doubleQuoted(key) : stringText(key, { ...place, key: true })
}

function isMergeable(value: Node): boolean {
  return value.kind === 'map' || (value.kind === 'list' && value.items.every(({ kind }) => kind === 'map' || kind === 'comment'))
}

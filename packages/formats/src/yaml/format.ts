/**
 * YAML: block style or flow, comments, anchors, several documents.
 * Follows: getsops/sops stores/yaml/store.go; YAML 1.1 as go.yaml.in/yaml/v3 reads it.
 * @module
 */
import type { Format } from '@waxseal/core'
import { complexExample } from '../examples.ts'
import { isMetadataKey } from '../metadata-key.ts'
import { parseYaml } from './document.ts'
import { emit, emitValue } from './emit.ts'

export const yaml: Format = {
  name: 'yaml',
  extensions: ['.yaml', '.yml'],
  isReservedKey: isMetadataKey,
  parse: parseYaml,
  emit,
  emitValue,
  get example(): string {
    return Buffer.from(emit(complexExample)).toString('utf8')
  },
}

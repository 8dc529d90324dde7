/**
 * What the server knows about one kind of object.
 * @module
 */
import type { FieldError } from './field-errors.ts'
import type { JsonObject } from './json.ts'
import type { NameRule } from './metadata.ts'
import type { KubeObject } from './objects.ts'
import type { Subject } from './status.ts'

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  cell(object: KubeObject, now: Date): JsonObject[string]
}

export interface Decoded {
  readonly object: KubeObject
  /** Paths of fields that the schema does not know; they are gone from `object`. */
  readonly unknownFields: readonly string[]
}

export interface ResourceType {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  readonly hasStatus: boolean
  /** Items of its lists name their kind, strategic merge is refused, PUT needs a resourceVersion. */
  readonly isCustom: boolean
  readonly nameRule: NameRule
  /** Counts changes of what is not metadata or status. */
  readonly hasGeneration: boolean
  /** PUT without resourceVersion is taken as it comes. */
  readonly unconditionalUpdate: boolean
  /** PUT of something absent creates it. */
  readonly createOnUpdate: boolean
  /** Field selectors beside name and namespace. */
  readonly selectableFields: readonly string[]
  readonly columns: readonly Column[]
  /** From the wire to the stored form. @throws StatusError 400 */
  decode(raw: JsonObject): Decoded
  validate(object: KubeObject, previous: KubeObject | undefined): readonly FieldError[]
}

/** `secrets`, `sealedsecrets.bitnami.com`: the key of the store and the name in messages. */
export function resourceName({ plural, group }: { readonly plural: string; readonly group: string }): string {
  return group === '' ? plural : `${plural}.${group}`
}

export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`
}

/** For messages about the resource: not found, conflict, forbidden. */
export function resourceSubject(type: ResourceType, name?: string): Subject {
  return { group: type.group, kind: type.plural, ...(name === undefined ? {} : { name }) }
}

/** For messages about the object: invalid. */
export function kindSubject(type: ResourceType, name: string): Subject {
  return { group: type.group, kind: type.kind, name }
}

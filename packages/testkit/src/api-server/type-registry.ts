/**
 * Which resources exist right now: the built-in ones and those of the stored CustomResourceDefinitions.
 * @module
 */
import { BUILT_IN_TYPES } from './built-in-types.ts'
import { customTypes } from './crds.ts'
import { apiVersionOf, resourceName, type ResourceType } from './resource-type.ts'
import type { Store } from './store.ts'

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io'

export class TypeRegistry {
  readonly #custom = new Map<string, readonly ResourceType[]>()

  constructor(store: Store) {
    store.subscribe(({ resource, type, object }) => {
      if (resource !== CRDS) return
      const name = object.metadata.name ?? ''
      if (type === 'DELETED') this.#custom.delete(name)
      else this.#custom.set(name, customTypes(object))
    })
  }

  all(): readonly ResourceType[] {
    return [...BUILT_IN_TYPES, ...[...this.#custom.values()].flat()]
  }

  /** By place in a URL. */
  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.all().find((type) => type.plural === plural && type.group === group && type.version === version)
  }

  /** By the name that messages use, such as `secrets` or `sealedsecrets.bitnami.com`. @throws RangeError for an unknown one */
  named(resource: string): ResourceType {
    const type = this.all().find((one) => resourceName(one) === resource)
    if (!type) throw new RangeError(`the server has no resource called ${resource}`)
    return type
  }

  /** By what an object says of itself. @throws RangeError for an unknown kind */
  ofObject({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): ResourceType {
    const type = this.all().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion)
    if (!type) throw new RangeError(`the server has no kind ${kind} in ${apiVersion}`)
    return type
  }
}

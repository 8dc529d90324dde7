/**
 * What other components of a cluster do by themselves, a little later: namespaces get their service account and empty
 * themselves before they go, objects go with their owners, custom resources with their definition.
 * Follows: k8s.io/kubernetes pkg/controller/garbagecollector and pkg/controller/namespace.
 * @module
 */
import { omit } from './json.ts'
import { keyOf, type KubeObject, type ObjectMeta } from './objects.ts'
import type { Operations } from './operations.ts'
import { resourceName, type ResourceType } from './resource-type.ts'
import type { Store, StoreEvent } from './store.ts'
import type { TypeRegistry } from './type-registry.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

export class Background {
  readonly #store: Store
  readonly #types: TypeRegistry
  readonly #operations: Operations
  readonly #delayMs: number
  #timer: NodeJS.Timeout | undefined
  readonly #unsubscribe: () => void

  constructor(store: Store, types: TypeRegistry, operations: Operations, delayMs: number) {
    this.#store = store
    this.#types = types
    this.#operations = operations
    this.#delayMs = delayMs
    this.#unsubscribe = store.subscribe((event) => this.#observe(event))
  }

  stop(): void {
    this.#unsubscribe()
    clearTimeout(this.#timer)
  }

  #observe({ type, resource, object }: StoreEvent): void {
    const orphaned = (object.metadata.ownerReferences ?? []).some(({ uid }) => !this.#store.byUid(uid))
    const newNamespace = resource === 'namespaces' && type === 'ADDED'
    if (type === 'DELETED' || orphaned || newNamespace || object.metadata.deletionTimestamp !== undefined) this.#schedule()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#sweep()
    }, this.#delayMs)
    this.#timer.unref()
  }

  #sweep(): void {
    for (const namespace of this.#store.list('namespaces')) this.#tendNamespace(namespace)
    for (const { type, object } of this.#everything()) {
      if (object.metadata.finalizers?.includes(ORPHAN) && object.metadata.deletionTimestamp !== undefined) this.#orphan(type, object)
      else if (object.metadata.finalizers?.includes(FOREGROUND) && object.metadata.deletionTimestamp !== undefined) this.#deleteForeground(type, object)
      else if (this.#isOwnerless(object)) this.#delete(type, object)
    }
  }

  #tendNamespace(namespace: KubeObject): void {
    const name = namespace.metadata.name ?? ''
    if (namespace.metadata.deletionTimestamp === undefined) {
      if (!this.#store.get('serviceaccounts', `${name}/default`)) {
        this.#operations.create(this.#types.named('serviceaccounts'), name, { metadata: { name: 'default' } })
      }
      return
    }
    const content = this.#everything().filter(({ object }) => object.metadata.namespace === name)
    if (content.length === 0) this.#store.delete('namespaces', name)
    else for (const { type, object } of content) if (object.metadata.deletionTimestamp === undefined) this.#delete(type, object)
  }

  /** All its owners are gone. An owner counts only if kind and namespace fit too. */
  #isOwnerless({ metadata }: KubeObject): boolean {
    const owners = metadata.ownerReferences ?? []
    return owners.length > 0 && metadata.deletionTimestamp === undefined && owners.every((owner) => {
      const there = this.#store.byUid(owner.uid)
      return !there || there.kind !== owner.kind || (there.metadata.namespace !== undefined && there.metadata.namespace !== metadata.namespace)
    })
  }

  #dependents({ uid = '' }: ObjectMeta): { type: ResourceType; object: KubeObject }[] {
    return this.#everything().filter(({ object }) => (object.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid))
  }

  #orphan(type: ResourceType, owner: KubeObject): void {
    for (const dependent of this.#dependents(owner.metadata)) {
      const { metadata } = dependent.object
      const ownerReferences = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid)
      const rest = { ...omit(metadata, 'ownerReferences'), ...(ownerReferences.length === 0 ? {} : { ownerReferences }) }
      this.#store.put(resourceName(dependent.type), { ...dependent.object, metadata: rest })
    }
    this.#operations.finalize(type, owner, ORPHAN)
  }

  #deleteForeground(type: ResourceType, owner: KubeObject): void {
    const dependents = this.#dependents(owner.metadata)
    for (const { type: dependentType, object } of dependents) if (object.metadata.deletionTimestamp === undefined) this.#delete(dependentType, object)
    const blocking = this.#dependents(owner.metadata).some(({ object }) => object.metadata.ownerReferences?.some((one) => one.uid === owner.metadata.uid && one.blockOwnerDeletion === true))
    if (!blocking) this.#operations.finalize(type, owner, FOREGROUND)
  }

  #delete(type: ResourceType, object: KubeObject): void {
    const { namespace = '', name = '' } = object.metadata
    if (this.#store.get(resourceName(type), keyOf(object)) === object) this.#operations.delete(type, namespace, name)
  }

  /** The objects of all resources; those whose definition is gone are removed here. */
  #everything(): { type: ResourceType; object: KubeObject }[] {
    const found: { type: ResourceType; object: KubeObject }[] = []
    const types = new Map(this.#types.all().map((type) => [resourceName(type), type]))
    for (const resource of this.#store.resources()) {
      const type = types.get(resource)
      for (const object of this.#store.list(resource)) {
        if (type) found.push({ type, object })
        else this.#store.delete(resource, keyOf(object))
      }
    }
    return found
  }
}


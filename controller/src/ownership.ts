/**
 * Whose a Secret is.
 * @module
 */
import type { ObjectMeta, OwnerReference } from '@waxseal/kube'
import { MANAGED_ANNOTATION, PATCH_ANNOTATION, SEALED_SECRETS } from './names.ts'

type Owned = Pick<ObjectMeta, 'ownerReferences' | 'annotations'>

export function isControlledBy(metadata: Owned, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false
}

/** @param name - absent: of any name */
export function isControlledBySealedSecret(metadata: Owned, name?: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && isSealedSecret(owner) && (name === undefined || owner.name === name)) ?? false
}

function isSealedSecret({ apiVersion, kind }: OwnerReference): boolean {
  return kind === 'SealedSecret' && apiVersion.split('/')[0] === SEALED_SECRETS.group
}

export function isManaged(metadata: Owned): boolean {
  return metadata.annotations?.[MANAGED_ANNOTATION] === 'true'
}

export function isPatched(metadata: Owned): boolean {
  return metadata.annotations?.[PATCH_ANNOTATION] === 'true'
}

/** Whether the SealedSecret with this uid may write the Secret. */
export function mayWrite(metadata: Owned, uid: string): boolean {
  return isControlledBy(metadata, uid) || isManaged(metadata) || isPatched(metadata)
}

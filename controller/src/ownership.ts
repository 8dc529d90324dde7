/**
 * Whose a Secret is.
 * @module
 */
import type { ObjectMeta } from '@waxseal/kube'
import { SEALED_SECRET_API_VERSION } from '@waxseal/sealed'
import { MANAGED_ANNOTATION, PATCH_ANNOTATION } from './names.ts'

type Owned = Pick<ObjectMeta, 'ownerReferences' | 'annotations'>

export function isControlledBy(metadata: Owned, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false
}

export function isControlledBySealedSecret(metadata: Owned): boolean {
  const [group] = SEALED_SECRET_API_VERSION.split('/')
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.kind === 'SealedSecret' && owner.apiVersion.startsWith(`${group}/`)) ?? false
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

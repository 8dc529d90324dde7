/**
 * What the controller's role permits, asked of the API server; every account may ask this about itself.
 * @module
 */
import type { CallOptions, KubeClient, Resource } from '@waxseal/kube'

export interface Access {
  readonly verb: string
  readonly resource: Resource
  readonly subresource?: string
  /** Absent: in all namespaces, or of the cluster. */
  readonly namespace?: string | undefined
  readonly name?: string
}

/** @param list - separated by blanks */
export function verbs(list: string, access: Omit<Access, 'verb'>): readonly Access[] {
  return list.split(' ').map((verb) => ({ verb, ...access }))
}

const ACCESS_REVIEWS: Resource = { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' }

interface AccessReview {
  readonly metadata: object
  readonly status?: { readonly allowed?: boolean }
}

/** @throws KubeError */
export async function isPermitted(client: KubeClient, { verb, resource, subresource, namespace, name }: Access, options: CallOptions = {}): Promise<boolean> {
  const resourceAttributes = { verb, group: resource.group, resource: resource.plural, subresource, namespace, name }
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec: { resourceAttributes } }
  const { status } = await client.create<AccessReview>(ACCESS_REVIEWS, {}, review, options)
  return status?.allowed === true
}

/** Those of them that are not permitted. @throws KubeError */
export async function refusedOf(client: KubeClient, accesses: readonly Access[], options: CallOptions = {}): Promise<readonly Access[]> {
  const permitted = await Promise.all(accesses.map((access) => isPermitted(client, access, options)))
  return accesses.filter((_, at) => !permitted[at])
}

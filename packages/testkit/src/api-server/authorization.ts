/**
 * Who may do what: RBAC over the stored roles and bindings.
 * Follows: k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac. Roles are not aggregated, and creating a binding needs no rights of one's own.
 * @module
 */
import { arrayOf, objectOf, textOf, type JsonObject } from './json.ts'
import { storeKey, type KubeObject } from './objects.ts'
import type { RequestInfo } from './request-info.ts'
import { forbiddenRequest, StatusError } from './status.ts'
import type { Store } from './store.ts'
import type { User } from './users.ts'

const RBAC = 'rbac.authorization.k8s.io'
/** What everybody may read, and what everybody who is known may. */
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version']
const DISCOVERY_PATHS = ['/api', '/apis', '/openapi']
const SELF_REVIEWS = ['selfsubjectaccessreviews', 'selfsubjectreviews', 'selfsubjectrulesreviews']

/** A question to the authorizer, in the words of SubjectAccessReview. */
export interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export function isAllowed(store: Store, user: User, access: Access): boolean {
  if (user.groups.includes('system:masters')) return true
  if (SELF_REVIEWS.includes(access.resource)) return user.groups.includes('system:authenticated')
  const bindings = [
    ...store.list(`clusterrolebindings.${RBAC}`),
    ...store.list(`rolebindings.${RBAC}`).filter(({ metadata }) => access.namespace !== '' && metadata.namespace === access.namespace),
  ]
  return bindings.some((binding) => bindsTo(binding, user) && rulesOf(store, binding).some((rule) => permits(rule, access)))
}

/** @throws StatusError 403 */
export function authorize(store: Store, user: User, { verb, path, method, resource }: RequestInfo): void {
  if (!resource) {
    const open = user.groups.includes('system:authenticated') ? [...PUBLIC_PATHS, ...DISCOVERY_PATHS] : PUBLIC_PATHS
    if (user.groups.includes('system:masters') || open.some((one) => path === one || path.startsWith(`${one}/`))) return
    const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}`
    throw new StatusError(403, 'Forbidden', message, { details: {} })
  }
  const { group, plural, subresource, namespace, name } = resource
  if (isAllowed(store, user, { verb, group, resource: plural, subresource, namespace, name })) return
  const what = JSON.stringify(subresource === '' ? plural : `${plural}/${subresource}`)
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const why = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`
  throw forbiddenRequest({ group, kind: plural, ...(name === '' ? {} : { name }) }, why)
}

function bindsTo(binding: KubeObject, user: User): boolean {
  return arrayOf(binding['subjects']).map(objectOf).some(({ kind, name, namespace }) => {
    if (kind === 'ServiceAccount') return user.name === `system:serviceaccount:${textOf(namespace) || (binding.metadata.namespace ?? '')}:${textOf(name)}`
    return kind === 'Group' ? user.groups.includes(textOf(name)) : user.name === name
  })
}

function rulesOf(store: Store, binding: KubeObject): JsonObject[] {
  const { kind, name } = objectOf(binding['roleRef'])
  const role = kind === 'Role' ? store.get(`roles.${RBAC}`, storeKey(binding.metadata.namespace ?? '', textOf(name))) : store.get(`clusterroles.${RBAC}`, textOf(name))
  return arrayOf(role?.['rules']).map(objectOf)
}

function permits(rule: JsonObject, { verb, group, resource, subresource, name }: Access): boolean {
  const has = (field: string, ...wanted: readonly string[]): boolean => arrayOf(rule[field]).some((one) => one === '*' || wanted.includes(textOf(one)))
  const resources = subresource === '' ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`]
  const names = arrayOf(rule['resourceNames'])
  return has('verbs', verb) && has('apiGroups', group) && has('resources', ...resources) && (names.length === 0 || names.includes(name))
}

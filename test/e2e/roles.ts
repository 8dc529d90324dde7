/**
 * What a controller may do in a cluster: the roles that come with it, or those of an upstream deployment whose image was changed.
 * Follows: bitnami-labs/sealed-secrets controller.jsonnet, helm/sealed-secrets/templates/{role,role-binding}.yaml.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { ROOT, SERVERS, type Account, type AnyObject, type Cluster, type Json, type ServerName } from './cluster.ts'

export type Roles = 'its own' | "upstream's" | "upstream's single-namespace" | 'no'

/** Every server under the controller's own roles, and the real one under upstream's. */
export const UNDER_ALL_ROLES: readonly (readonly [ServerName, Roles])[] = SERVERS.flatMap((server): (readonly [ServerName, Roles])[] =>
  server === 'embedded' ? [[server, 'its own']] : [[server, 'its own'], [server, "upstream's"], [server, "upstream's single-namespace"]],
)

const ROLES_FILE = join(ROOT, 'controller', 'deploy', 'kustomize', 'rbac.yaml')
const GROUP = 'rbac.authorization.k8s.io'

/** `secrets-unsealer` of controller.yaml; the chart has the same as a Role for each additional namespace. */
const UNSEALER = [
  { apiGroups: ['bitnami.com'], resources: ['sealedsecrets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['bitnami.com'], resources: ['sealedsecrets/status'], verbs: ['update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'create', 'update', 'delete', 'watch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
]
/** `sealed-secrets-key-admin`, in the controller's own namespace. */
const KEY_ADMIN = [{ apiGroups: [''], resources: ['secrets'], verbs: ['create', 'list'] }]

/** The command line that comes with them, as upstream's chart writes it; ports are the rig's. */
export function flagsUnder(roles: Roles, namespaces: readonly string[]): readonly string[] {
  if (roles === 'its own' || roles === 'no') return []
  const flags = ['--update-status', '--key-prefix', 'sealed-secrets-key']
  return roles === "upstream's" ? flags : [...flags, '--additional-namespaces', namespaces.join(',')]
}

/** Those that hold from the start. */
export async function bindRoles(cluster: Cluster, roles: Roles, account: Account): Promise<void> {
  if (roles === 'no') return
  if (roles === 'its own') return bindOwn(cluster, account)
  await bind(cluster, account, { kind: 'Role', role: 'sealed-secrets-key-admin', rules: KEY_ADMIN, namespace: account.namespace })
  if (roles === "upstream's") await bind(cluster, account, { kind: 'ClusterRole', role: 'secrets-unsealer', rules: UNSEALER })
}

/** Those in a namespace that is looked after. */
export async function bindIn(namespace: string, cluster: Cluster, roles: Roles, account: Account): Promise<void> {
  if (roles === "upstream's single-namespace") await bind(cluster, account, { kind: 'Role', role: 'secrets-unsealer', rules: UNSEALER, namespace })
}

interface Binding {
  readonly kind: 'ClusterRole' | 'Role'
  readonly role: string
  readonly rules: readonly object[]
  readonly namespace?: string
}

async function bind(cluster: Cluster, account: Account, { kind, role, rules, namespace }: Binding): Promise<void> {
  const name = `${role}-${account.namespace}` // roles of the cluster are nobody's own
  const metadata = { name, ...(namespace ? { namespace } : {}) }
  const apiVersion = `${GROUP}/v1`
  await cluster.put({ apiVersion, kind, metadata, rules })
  const roleRef = { apiGroup: GROUP, kind, name }
  await cluster.put({ apiVersion, kind: `${kind}Binding`, metadata, subjects: [{ kind: 'ServiceAccount', ...account }], roleRef })
}

/** Those of controller/deploy, for this account and its namespace. */
async function bindOwn(cluster: Cluster, { namespace }: Account): Promise<void> {
  const text = readFileSync(ROLES_FILE, 'utf8').replaceAll('namespace: kube-system', `namespace: ${namespace}`)
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as AnyObject
    const isOfCluster = object.metadata.namespace === undefined
    const name = (of: string): string => `${of}-${namespace}`
    const { roleRef } = object as { readonly roleRef?: Json }
    const renamed = roleRef === undefined ? {} : { roleRef: { ...roleRef, name: name(String(roleRef['name'])) } }
    await cluster.put(isOfCluster ? { ...object, metadata: { name: name(object.metadata.name ?? '') }, ...renamed } : object)
  }
}

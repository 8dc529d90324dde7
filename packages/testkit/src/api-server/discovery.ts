/**
 * What clients read to find their way: versions, groups, resources. Aggregated discovery is not offered; clients fall back to this.
 * @module
 */
import { objectOf, type JsonObject } from './json.ts'
import type { ResourceType } from './resource-type.ts'
import { REVIEWS } from './reviews.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export const SERVER_VERSION = {
  major: '1',
  minor: '37',
  emulationMajor: '1',
  emulationMinor: '37',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '36',
  gitVersion: 'v1.37.2',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
}

/** The discovery document at a path, or undefined where there is none. */
export function discoveryDocument(path: string, types: readonly ResourceType[], address: string): JsonObject | undefined {
  if (path === '/version') return SERVER_VERSION
  if (path === '/api') {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }] }
  }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(types) }
  const parts = path.slice(1).split('/')
  if (parts[0] === 'api' && parts.length === 2) return resourceList('', parts[1] ?? '', types)
  if (parts[0] !== 'apis') return undefined
  if (parts.length === 3) return resourceList(parts[1] ?? '', parts[2] ?? '', types)
  const group = groups(types).find(({ name }) => name === parts[1])
  return parts.length === 2 && group ? { kind: 'APIGroup', apiVersion: 'v1', ...group } : undefined
}

function groups(types: readonly ResourceType[]): JsonObject[] {
  const versions = new Map<string, Set<string>>()
  for (const { group, version } of types) if (group !== '') versions.set(group, (versions.get(group) ?? new Set()).add(version))
  for (const { group } of REVIEWS) versions.set(group, new Set(['v1']))
  return [...versions].map(([name, set]) => {
    const list = [...set].map((version) => ({ groupVersion: `${name}/${version}`, version }))
    return { name, versions: list, preferredVersion: objectOf(list[0]) }
  })
}

function resourceList(group: string, version: string, types: readonly ResourceType[]): JsonObject | undefined {
  const resources: JsonObject[] = types.filter((type) => type.group === group && type.version === version).flatMap(typeEntries)
  if (version === 'v1') {
    for (const review of REVIEWS) {
      if (review.group === group) resources.push({ name: review.plural, singularName: review.kind.toLowerCase(), namespaced: false, kind: review.kind, verbs: ['create'] })
    }
  }
  if (resources.length === 0) return undefined
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`, resources }
}

function typeEntries({ plural, singular, namespaced, kind, shortNames, hasStatus }: ResourceType): JsonObject[] {
  const entry = { name: plural, singularName: singular, namespaced, kind, verbs: VERBS, ...(shortNames.length === 0 ? {} : { shortNames }) }
  const sub = (name: string, verbs: readonly string[], subKind = kind): JsonObject => ({ name: `${plural}/${name}`, singularName: '', namespaced, kind: subKind, verbs })
  const status = hasStatus ? [sub('status', ['get', 'patch', 'update'])] : []
  if (plural === 'services') return [entry, sub('proxy', VERBS, 'ServiceProxyOptions'), ...status]
  if (plural === 'serviceaccounts') return [entry, { ...sub('token', ['create'], 'TokenRequest'), group: 'authentication.k8s.io', version: 'v1' }]
  return [entry, ...status]
}

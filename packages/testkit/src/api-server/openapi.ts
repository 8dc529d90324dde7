/**
 * As much of OpenAPI as tells `kubectl apply` that the server itself checks fields, so that it needs no schemas.
 * Follows: k8s.io/kube-openapi (index), k8s.io/cli-runtime query parameter verifier (what is looked up).
 * @module
 */
import type { JsonObject } from './json.ts'
import { apiVersionOf, type ResourceType } from './resource-type.ts'

const ROOT = '/openapi/v3'

/** The index, or the document of one group and version; undefined elsewhere. */
export function openApiDocument(path: string, types: readonly ResourceType[]): JsonObject | undefined {
  const byVersion = Map.groupBy(types, (type) => (type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`))
  if (path === ROOT) {
    return { paths: Object.fromEntries([...byVersion.keys()].map((place) => [place, { serverRelativeURL: `${ROOT}/${place}` }])) }
  }
  const place = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : ''
  const here = byVersion.get(place)
  if (!here) return undefined
  const paths = here.map(({ group, version, kind, plural, namespaced }) => {
    const patch = {
      parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
      responses: { '200': { description: 'OK' } },
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group, version, kind },
    }
    return [`/${place}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`, { patch }]
  })
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.37.2' }, paths: Object.fromEntries(paths) }
}

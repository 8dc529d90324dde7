/**
 * What a request asks for, read from its method and path.
 * Follows: k8s.io/apiserver pkg/endpoints/request/requestinfo.go.
 * @module
 */

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export interface RequestInfo {
  readonly verb: Verb
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Absent for paths that are no resource: discovery, health, version. */
  readonly resource: RequestedResource | undefined
}

export interface RequestedResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  /** '' for all namespaces and for resources without. */
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  /** What follows the subresource: the path behind a proxy. */
  readonly rest: string
}

const VERBS: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', GET: 'get', HEAD: 'get' }

/** @throws TypeError for a target that is no URL, URIError for a bad escape */
export function readRequest(method: string, target: string): RequestInfo {
  const url = new URL(target, 'http://server.invalid')
  const query = url.searchParams
  const resource = readResource(url.pathname)
  let verb = VERBS[method] ?? 'get'
  const named = resource !== undefined && resource.name !== ''
  if (verb === 'get' && resource && !named) verb = 'list'
  if (verb === 'delete' && resource && !named) verb = 'deletecollection'
  if ((verb === 'list' || (verb === 'get' && resource?.subresource === '')) && ['true', '1'].includes(query.get('watch') ?? '')) verb = 'watch'
  return { verb, method, path: url.pathname, query, resource }
}

function readResource(path: string): RequestedResource | undefined {
  const parts = path.split('/').filter((part) => part !== '').map(decodeURIComponent)
  const head = parts[0] === 'api' ? 2 : parts[0] === 'apis' ? 3 : Infinity
  if (parts.length <= head) return undefined
  const [group = '', version = ''] = parts[0] === 'api' ? ['', parts[1]] : [parts[1], parts[2]]
  let below = parts.slice(head)
  let namespace = ''
  if (below[0] === 'namespaces' && below.length > 2 && !['status', 'finalize'].includes(below[2] ?? '')) {
    namespace = below[1] ?? ''
    below = below.slice(2)
  }
  const [plural = '', name = '', subresource = '', ...rest] = below
  const slash = rest.length > 0 && path.endsWith('/') ? '/' : ''
  return { group, version, plural, namespace, name, subresource, rest: rest.map(encodeURIComponent).join('/') + slash }
}

/**
 * `services/[SCHEME:]NAME[:PORT]/proxy/PATH`: passes a request on to a local process that stands for the service.
 * @module
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { RequestedResource } from './request-info.ts'
import { badRequest, notFound, serviceUnavailable } from './status.ts'

/** Headers of one connection, and the ones that are the API server's own affair. */
const NOT_PASSED = new Set(['connection', 'keep-alive', 'host', 'authorization', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'proxy-authorization', 'content-length'])

export class ServiceProxy {
  readonly #targets = new Map<string, string>()

  /** @param port - name or number as clients write it; '' for requests that name none */
  register(namespace: string, name: string, port: string | number, targetUrl: string): void {
    this.#targets.set(`${namespace}/${name}:${port}`, targetUrl)
  }

  /** @throws StatusError 404, 503 when nothing stands for the service or it does not answer */
  async forward(resource: RequestedResource, method: string, query: URLSearchParams, headers: IncomingHttpHeaders, body: Uint8Array): Promise<IncomingMessage> {
    const parts = resource.name.split(':')
    const [, name = '', port = ''] = parts.length === 1 ? ['', parts[0]] : parts.length === 2 ? ['', ...parts] : parts
    if (parts.length > 3 || name === '') throw badRequest(`invalid service request ${JSON.stringify(resource.name)}`)
    const named = [...this.#targets.keys()].some((key) => key.startsWith(`${resource.namespace}/${name}:`))
    if (!named) throw notFound({ group: '', kind: 'services', name })
    const target = this.#targets.get(`${resource.namespace}/${name}:${port}`)
    if (target === undefined) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(resource.name)}`)
    const url = new URL(`${target.replace(/\/$/, '')}/${resource.rest}`)
    url.search = query.toString()
    const passed = Object.fromEntries(Object.entries(headers).filter(([key, value]) => !NOT_PASSED.has(key) && value !== undefined))
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = send(url, { method, headers: { ...passed, 'content-length': body.length } }, resolve)
      outgoing.on('error', () => reject(serviceUnavailable(`error trying to reach service: dial tcp ${url.host}: connect: connection refused`)))
      outgoing.end(body)
    })
  }
}

export function passedHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [key, value] of Object.entries(headers)) if (value !== undefined && (key === 'content-length' || !NOT_PASSED.has(key))) kept[key] = value
  return kept
}

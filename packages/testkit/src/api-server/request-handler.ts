/**
 * From a request to its answer: log, trouble, authentication, authorization, then the verb.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { authorize } from './authorization.ts'
import { discoveryDocument } from './discovery.ts'
import type { Faults } from './faults.ts'
import { notSupported } from './field-errors.ts'
import { objectOf, type Json } from './json.ts'
import { listPage, requestSelector } from './listing.ts'
import type { KubeObject } from './objects.ts'
import { readDeleteOptions, type Operations, type PatchType, type WriteOptions, type Written } from './operations.ts'
import { openApiDocument } from './openapi.ts'
import { Reply } from './reply.ts'
import { acceptedShape, isJsonBody, listText, objectText, table, type Shape } from './representation.ts'
import { readRequest, type RequestedResource, type RequestInfo } from './request-info.ts'
import type { RequestLog } from './request-log.ts'
import type { ResourceType } from './resource-type.ts'
import { REVIEWS } from './reviews.ts'
import { passedHeaders, type ServiceProxy } from './service-proxy.ts'
import { badRequest, internalError, invalidObject, methodNotAllowed, noSuchResource, notAcceptable, notFound, plannedFailure, StatusError, success, tooLarge, unknownPatchType, unsupportedMediaType } from './status.ts'
import type { Store } from './store.ts'
import type { TypeRegistry } from './type-registry.ts'
import type { User, Users } from './users.ts'
import { startWatch, type Watch } from './watch.ts'

const BODY_MAX_BYTES = 3 * 1024 * 1024

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/json-patch+json': 'json',
}

const OPTIONS_KINDS: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }

export interface Cluster {
  readonly store: Store
  readonly types: TypeRegistry
  readonly operations: Operations
  readonly users: Users
  readonly faults: Faults
  readonly requests: RequestLog
  readonly services: ServiceProxy
  readonly now: () => Date
  /** The watches that are open. */
  readonly watches: Set<Watch>
  /** `127.0.0.1:PORT` */
  address(): string
}

/** What the handlers of one request share. */
interface Call {
  readonly info: RequestInfo
  readonly resource: RequestedResource
  readonly type: ResourceType
  readonly reply: Reply
  readonly shape: Shape
}

export async function handleRequest(cluster: Cluster, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let info: RequestInfo
  try {
    info = readRequest(request.method ?? 'GET', request.url ?? '/')
  } catch {
    response.writeHead(400).end()
    return
  }
  const entry = cluster.requests.add(info, request.headers['user-agent'] ?? '')
  const trouble = cluster.faults.take(info)
  const reply = new Reply(request, response, entry, trouble)
  try {
    if (trouble.delayMs !== undefined) await delay(trouble.delayMs)
    if (trouble.cut) return reply.cut()
    if (trouble.status !== undefined) throw plannedFailure(trouble.status, trouble, info)
    const user = cluster.users.impersonate(cluster.users.authenticate(request.headers.authorization), request.headers)
    entry.user = user.name
    authorize(cluster.store, user, info)
    await answer(cluster, info, user, reply)
  } catch (error) {
    if (response.headersSent) return reply.cut()
    reply.error(error instanceof StatusError ? error : internalError(String(error)))
  }
}

async function answer(cluster: Cluster, info: RequestInfo, user: User, reply: Reply): Promise<void> {
  const { resource } = info
  if (!resource) return answerPath(cluster, info, reply)
  const review = REVIEWS.find(({ plural, group }) => plural === resource.plural && group === resource.group)
  if (review && resource.version === 'v1') {
    if (info.verb !== 'create') throw methodNotAllowed(info.verb)
    const body = objectOf(await readJson(reply.request))
    const head = { kind: review.kind, apiVersion: `${review.group}/v1`, metadata: {} }
    return reply.json(201, { ...head, ...review.answer(body, { store: cluster.store, users: cluster.users, user }) })
  }
  const type = cluster.types.find(resource.group, resource.version, resource.plural)
  if (!type) {
    const known = cluster.types.all().some(({ group, version }) => group === resource.group && version === resource.version)
    if (known) throw noSuchResource()
    return reply.text(404, '404 page not found\n', 'text/plain; charset=utf-8')
  }
  if (type.plural === 'services' && resource.subresource === 'proxy') return proxyService(cluster, info, resource, reply)
  if (resource.subresource !== '') checkSubresource(type, resource, info)
  if (type.namespaced && resource.namespace === '' && !['list', 'watch'].includes(info.verb)) throw methodNotAllowed(info.verb)
  const call = { info, resource, type, reply, shape: acceptedShape(reply.request.headers.accept) }
  switch (info.verb) {
    case 'get':
      return sendObject(cluster, call, 200, cluster.operations.get(type, resource.namespace, resource.name))
    case 'list':
      return list(cluster, call)
    case 'watch':
      return watch(cluster, call)
    case 'create':
      return type.plural === 'serviceaccounts' && resource.subresource === 'token' ? issueToken(cluster, call) : create(cluster, call)
    case 'update':
      return sendWritten(cluster, call, cluster.operations.update(type, resource.namespace, resource.name, await readJson(reply.request), writeOptions(call)))
    case 'patch':
      return patch(cluster, call)
    case 'delete':
      return remove(cluster, call)
    case 'deletecollection':
      return removeCollection(cluster, call)
  }
}

function answerPath(cluster: Cluster, { path }: RequestInfo, reply: Reply): void {
  if (['/healthz', '/livez', '/readyz'].some((one) => path === one || path.startsWith(`${one}/`))) return reply.text(200, 'ok', 'text/plain; charset=utf-8')
  const types = cluster.types.all()
  const document = discoveryDocument(path, types, cluster.address()) ?? openApiDocument(path, types)
  if (document) reply.json(200, document)
  else reply.text(404, '404 page not found\n', 'text/plain; charset=utf-8')
}

function checkSubresource({ hasStatus, plural, isCustom }: ResourceType, { subresource, name, group }: RequestedResource, { verb }: RequestInfo): void {
  if (subresource === 'status' && hasStatus && ['get', 'update', 'patch'].includes(verb)) return
  if (subresource === 'token' && plural === 'serviceaccounts' && verb === 'create') return
  throw isCustom ? notFound({ group, kind: plural, name }) : noSuchResource()
}

async function create(cluster: Cluster, call: Call): Promise<void> {
  const { type, resource, reply } = call
  if (resource.name !== '') throw methodNotAllowed('create')
  sendWritten(cluster, call, cluster.operations.create(type, resource.namespace, await readJson(reply.request), writeOptions(call)))
}

async function patch(cluster: Cluster, call: Call): Promise<void> {
  const { type, resource, reply } = call
  const patchType = PATCH_TYPES[mediaType(reply.request)]
  if (patchType === undefined) throw unknownPatchType()
  const body = await readJson(reply.request, mediaType(reply.request))
  sendWritten(cluster, call, cluster.operations.patch(type, resource.namespace, resource.name, patchType, body, writeOptions(call)))
}

function list(cluster: Cluster, { type, resource, info, reply, shape }: Call): void {
  const { items, metadata } = listPage(cluster.store, type, requestSelector(type, resource.namespace, resource.name, info.query), info.query)
  if (shape === 'metadata') throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${type.kind}List)`)
  if (shape === 'table') return reply.json(200, table(type, items, metadata, info.query.get('includeObject'), cluster.now()))
  reply.text(200, listText(type, items, metadata, shape))
}

function watch(cluster: Cluster, { type, resource, info, reply, shape }: Call): void {
  const selector = requestSelector(type, resource.namespace, resource.name, info.query)
  let started = false
  const start = (): void => {
    if (!started) reply.startStream()
    started = true
  }
  const sink = {
    line(text: string, isEvent: boolean): void {
      start()
      reply.line(text, isEvent)
    },
    end(): void {
      start()
      reply.end()
    },
  }
  const open = startWatch(cluster.store, { type, selector, query: info.query, shape }, sink, cluster.now)
  start()
  const seconds = Number(info.query.get('timeoutSeconds') ?? 0)
  const timer = seconds > 0 ? setTimeout(() => reply.end(), seconds * 1000) : undefined
  cluster.watches.add(open)
  reply.response.on('close', () => {
    clearTimeout(timer)
    open.stop()
    cluster.watches.delete(open)
  })
}

async function remove(cluster: Cluster, call: Call): Promise<void> {
  const { type, resource, reply, info } = call
  const options = readDeleteOptions(await readJson(reply.request, undefined, true), info.query)
  const { object, gone } = cluster.operations.delete(type, resource.namespace, resource.name, options)
  if (!gone) return sendObject(cluster, call, 200, object)
  reply.json(200, success({ name: resource.name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, uid: object.metadata.uid ?? '' }))
}

async function removeCollection(cluster: Cluster, { type, resource, reply, info }: Call): Promise<void> {
  const options = readDeleteOptions(await readJson(reply.request, undefined, true), info.query)
  const { items } = listPage(cluster.store, type, requestSelector(type, resource.namespace, '', info.query), info.query)
  const deleted = items.map(({ metadata }) => cluster.operations.delete(type, metadata.namespace ?? '', metadata.name ?? '', options).object)
  reply.text(200, listText(type, deleted, { resourceVersion: String(cluster.store.revision) }, 'full'))
}

async function issueToken(cluster: Cluster, { resource, reply, type }: Call): Promise<void> {
  cluster.operations.get(type, resource.namespace, resource.name)
  const spec = objectOf(objectOf(await readJson(reply.request))['spec'])
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600
  const expirationTimestamp = new Date(cluster.now().getTime() + seconds * 1000).toISOString()
  const token = cluster.users.serviceAccountToken(resource.namespace, resource.name)
  reply.json(201, { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name: resource.name, namespace: resource.namespace }, spec, status: { token, expirationTimestamp } })
}

async function proxyService(cluster: Cluster, info: RequestInfo, resource: RequestedResource, reply: Reply): Promise<void> {
  const body = await readBody(reply.request)
  const incoming = await cluster.services.forward(resource, info.method, info.query, reply.request.headers, body)
  reply.head(incoming.statusCode ?? 502, passedHeaders(incoming.headers))
  pipeline(incoming, reply.response, (error) => {
    if (error) reply.cut()
  })
}

function sendWritten(cluster: Cluster, call: Call, { object, created, warnings }: Written): void {
  if (warnings.length > 0) call.reply.response.setHeader('warning', warnings.map((text) => `299 - ${JSON.stringify(text)}`))
  sendObject(cluster, call, created ? 201 : 200, object)
}

function sendObject(cluster: Cluster, { type, reply, shape, info }: Call, status: number, object: KubeObject): void {
  if (shape === 'metadata-list') throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${type.kind})`)
  if (shape !== 'table') return reply.text(status, `${objectText(type, object, shape)}\n`)
  const { resourceVersion = '' } = object.metadata
  reply.json(status, table(type, [object], { resourceVersion }, info.query.get('includeObject'), cluster.now()))
}

function writeOptions({ info: { query, verb }, resource }: Call): WriteOptions {
  const dryRun = query.get('dryRun')
  if (dryRun !== null && dryRun !== 'All') {
    throw invalidObject({ group: 'meta.k8s.io', kind: OPTIONS_KINDS[verb] ?? 'DeleteOptions' }, [notSupported('dryRun', [dryRun], ['All'])])
  }
  const fieldValidation = query.get('fieldValidation')
  return { dryRun: dryRun === 'All', subresource: resource.subresource, ...(fieldValidation ? { fieldValidation } : {}) }
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= BODY_MAX_BYTES) chunks.push(chunk)
  }
  if (size > BODY_MAX_BYTES) throw tooLarge(BODY_MAX_BYTES)
  return Buffer.concat(chunks)
}

/** @param accepted - the one media type that the body may have beside none at all @throws StatusError 400, 413, 415 */
async function readJson(request: IncomingMessage, accepted = 'application/json', mayBeEmpty = false): Promise<Json> {
  const body = await readBody(request)
  if (body.length === 0 && mayBeEmpty) return {}
  const type = mediaType(request)
  if (type !== '' && type !== accepted) throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw badRequest('the body of the request is not valid JSON')
  }
  if (!isJsonBody(value)) throw badRequest('the body of the request is neither an object nor a list')
  return value
}

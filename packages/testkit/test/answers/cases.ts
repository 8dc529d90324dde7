/**
 * Questions that a real kube-apiserver answered once (fixtures/kube-apiserver-1.37.2) and that ours must answer alike, in this order.
 * `{{NAME.path}}` in a path or body stands for a part of an earlier answer.
 * @module
 */

export interface Case {
  readonly name: string
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** A watch: how many lines to wait for. */
  readonly lines?: number
  /** The real text quotes Go types and libraries or comes in random order: status, reason and the causes' fields count, the wording does not. */
  readonly ownWording?: true
}

const NS = '/api/v1/namespaces/answers'
const SECRETS = `${NS}/secrets`
const SEALED = '/apis/bitnami.com/v1alpha1/namespaces/answers/sealedsecrets'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/answers/leases'
const EVENTS = `${NS}/events`
const MERGE = { 'content-type': 'application/merge-patch+json' }
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
const AS_METADATA = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json' }
const AS_METADATA_LIST = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json' }
const AS_TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }

function secret(name: string, more: object = {}, meta: object = {}): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, ...meta }, ...more }
}
function sealed(name: string, spec: unknown = { encryptedData: { a: 'AgA=' } }, more: object = {}, meta: object = {}): object {
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name, ...meta }, spec, ...more }
}
const post = (name: string, path: string, body: unknown, more: Partial<Case> = {}): Case => ({ name, method: 'POST', path, body, ...more })
const put = (name: string, path: string, body: unknown, more: Partial<Case> = {}): Case => ({ name, method: 'PUT', path, body, ...more })
const patch = (name: string, path: string, body: unknown, headers: Readonly<Record<string, string>>, more: Partial<Case> = {}): Case => ({ name, method: 'PATCH', path, body, headers, ...more })
const remove = (name: string, path: string, body?: unknown): Case => ({ name, method: 'DELETE', path, ...(body === undefined ? {} : { body }) })
const get = (name: string, path: string, headers: Readonly<Record<string, string>> = {}): Case => ({ name, path, headers })
const watch = (name: string, path: string, lines: number, headers: Readonly<Record<string, string>> = {}): Case => ({ name, path, lines, headers })

const K64 = Buffer.alloc(65_536, 1).toString('base64')
const bigData = (items: number, extra: object = {}): object => ({ data: { ...Object.fromEntries(Array.from({ length: items }, (_, i) => [`k${i}`, K64])), ...extra } })

export const CASES: readonly Case[] = [
  get('unknown path', '/nothing'),
  get('unknown group', '/apis/nothing.example/v1/things'),
  get('unknown resource', '/api/v1/namespaces/default/things'),
  get('bad token', '/api/v1/secrets', { authorization: 'Bearer nobody' }),
  post('create namespace', '/api/v1/namespaces', { metadata: { name: 'answers' } }),
  post('create namespace again', '/api/v1/namespaces', { metadata: { name: 'answers' } }),
  post('create namespace with a bad name', '/api/v1/namespaces', { metadata: { name: 'Answers_1' } }),

  // secrets
  post('create secret', SECRETS, secret('a', { stringData: { k: 'text' }, data: { k: 'b2xk', b: 'AAE=' } }, { labels: { app: 'x' }, annotations: {} })),
  post('create secret again', SECRETS, secret('a')),
  get('get secret', `${SECRETS}/a`),
  get('get secret metadata', `${SECRETS}/a`, AS_METADATA),
  get('get secret table', `${SECRETS}/a`, AS_TABLE),
  get('get missing secret', `${SECRETS}/none`),
  post('create in a missing namespace', '/api/v1/namespaces/nowhere/secrets', secret('a')),
  post('create in another namespace', SECRETS, secret('x', {}, { namespace: 'default' })),
  post('create without a name', SECRETS, secret('', {}, { name: undefined })),
  post('create with a bad name', SECRETS, secret('Not_A_Name')),
  post('create with a long name', SECRETS, secret('a'.repeat(254))),
  post('create with a version', SECRETS, secret('x', {}, { resourceVersion: '5' })),
  post('create of another kind', SECRETS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }, { ownWording: true }),
  post('create of another version', SECRETS, { apiVersion: 'v2', kind: 'Secret', metadata: { name: 'x' } }, { ownWording: true }),
  post('create without kind', SECRETS, { metadata: { name: 'nokind' } }),
  post('create from no JSON', SECRETS, '{"metadata":', { ownWording: true }),
  post('create from a protobuf', SECRETS, 'k8s', { headers: { 'content-type': 'text/plain' }, ownWording: true }),
  post('create generated', SECRETS, secret('', {}, { name: undefined, generateName: 'gen-' })),
  post('bad base64', SECRETS, secret('x', { data: { k: 'not base64!' } }), { ownWording: true }),
  post('number in data', SECRETS, secret('x', { data: { k: 1 } }), { ownWording: true }),
  post('null in data', SECRETS, secret('nulls', { data: { k: null }, type: '' })),
  post('null data', SECRETS, secret('nodata', { data: null, stringData: null, immutable: null })),
  post('unknown field', SECRETS, secret('unknown', { foo: 1 })),
  { ...post('bad data keys', SECRETS, secret('x', { stringData: { 'a b': '', '..': '', '..x': '', '.': '' } })), ownWording: true },
  { ...post('bad label', SECRETS, secret('x', {}, { labels: { 'k!': 'v', k: 'v!' } })), ownWording: true },
  post('bad annotation', SECRETS, secret('x', {}, { annotations: { 'a/b/c': 'v' } })),
  post('number as label', SECRETS, secret('x', {}, { labels: { k: 1 } }), { ownWording: true }),
  post('tls without keys', SECRETS, secret('x', { type: 'kubernetes.io/tls' })),
  { ...post('tls with keys', SECRETS, secret('tls', { type: 'kubernetes.io/tls', stringData: { 'tls.crt': '', 'tls.key': 'x' } })), ownWording: true },
  post('dockerconfigjson without key', SECRETS, secret('x', { type: 'kubernetes.io/dockerconfigjson' })),
  post('dockerconfigjson without JSON', SECRETS, secret('x', { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{' } }), { ownWording: true }),
  post('dockercfg without key', SECRETS, secret('x', { type: 'kubernetes.io/dockercfg' })),
  post('basic-auth without keys', SECRETS, secret('x', { type: 'kubernetes.io/basic-auth' })),
  post('ssh-auth without key', SECRETS, secret('x', { type: 'kubernetes.io/ssh-auth' })),
  post('service account token without account', SECRETS, secret('x', { type: 'kubernetes.io/service-account-token' })),
  post('one MiB of data', `${SECRETS}?dryRun=All`, secret('big', bigData(16))),
  post('one byte more', SECRETS, secret('big', bigData(16, { x: 'AA==' }))),
  post('bad owner', SECRETS, secret('x', {}, { ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] }), { ownWording: true }),
  post('two controllers', SECRETS, secret('x', {}, { ownerReferences: [1, 2].map((n) => ({ apiVersion: 'v1', kind: 'Secret', name: `o${n}`, uid: `u${n}`, controller: true })) }), { ownWording: true }),
  post('bad finalizer', SECRETS, secret('x', {}, { finalizers: ['bad finalizer'] }), { ownWording: true }),
  post('dry run', `${SECRETS}?dryRun=All`, secret('dry')),
  get('nothing after dry run', `${SECRETS}/dry`),
  post('bad dry run', `${SECRETS}?dryRun=Some`, secret('dry'), { ownWording: true }),

  // replacing
  put('replace without version', `${SECRETS}/a`, secret('a', { stringData: { k: 'new' } })),
  put('replace with a stale version', `${SECRETS}/a`, secret('a', {}, { resourceVersion: '{{create secret.metadata.resourceVersion}}' })),
  { ...put('replace with a foreign uid', `${SECRETS}/a`, secret('a', {}, { uid: 'foreign' })), ownWording: true },
  put('replace under another name', `${SECRETS}/a`, secret('b')),
  put('replace something missing', `${SECRETS}/none`, secret('none')),
  put('change the type', `${SECRETS}/a`, secret('a', { type: 'other/type' })),
  put('make immutable', `${SECRETS}/a`, secret('a', { stringData: { k: 'v' }, immutable: true })),
  put('change an immutable one', `${SECRETS}/a`, secret('a', { stringData: { k: 'w' }, immutable: true })),
  put('make mutable', `${SECRETS}/a`, secret('a', { stringData: { k: 'v' } })),
  put('label an immutable one', `${SECRETS}/a`, secret('a', { stringData: { k: 'v' }, immutable: true }, { labels: { l: 'm' } })),
  put('status of a secret', `${SECRETS}/a/status`, secret('a')),

  // patches
  post('create for patches', SECRETS, secret('p', { stringData: { a: '1', b: '2' } }, { labels: { x: '1' }, finalizers: ['example.com/one'] })),
  patch('merge patch', `${SECRETS}/p`, { data: { a: null, c: 'Mw==' }, metadata: { labels: { y: '2' } } }, MERGE),
  patch('merge patch with a stale version', `${SECRETS}/p`, { metadata: { resourceVersion: '1', labels: { z: '1' } } }, MERGE),
  patch('merge patch of nothing', `${SECRETS}/none`, {}, MERGE),
  patch('strategic patch', `${SECRETS}/p`, { stringData: { d: '4' }, metadata: { finalizers: ['example.com/two'] } }, STRATEGIC),
  patch('json patch', `${SECRETS}/p`, [{ op: 'add', path: '/metadata/annotations', value: { a: '1' } }, { op: 'remove', path: '/data/b' }, { op: 'test', path: '/metadata/labels/x', value: '1' }, { op: 'replace', path: '/metadata/labels/y', value: '3' }], JSON_PATCH),
  patch('json patch with a failing test', `${SECRETS}/p`, [{ op: 'test', path: '/metadata/labels/x', value: '9' }], JSON_PATCH, { ownWording: true }),
  patch('json patch of a missing place', `${SECRETS}/p`, [{ op: 'remove', path: '/data/none' }], JSON_PATCH, { ownWording: true }),
  patch('json patch that is none', `${SECRETS}/p`, { op: 'add' }, JSON_PATCH, { ownWording: true }),
  { ...patch('patch of an unknown kind', `${SECRETS}/p`, {}, { 'content-type': 'application/json' }), ownWording: true },
  patch('patch without change', `${SECRETS}/p`, { metadata: { labels: { x: '1' } } }, MERGE),

  // deletion
  { ...remove('delete with a foreign uid', `${SECRETS}/p`, { preconditions: { uid: 'foreign' } }), ownWording: true },
  { ...remove('delete with a stale version', `${SECRETS}/p`, { preconditions: { resourceVersion: '1' } }), ownWording: true },
  remove('delete with finalizers', `${SECRETS}/p`),
  patch('add a finalizer while going', `${SECRETS}/p`, { metadata: { finalizers: ['example.com/one', 'example.com/two', 'example.com/three'] } }, MERGE),
  patch('take the finalizers off', `${SECRETS}/p`, { metadata: { finalizers: null } }, MERGE),
  get('gone after its finalizers', `${SECRETS}/p`),
  remove('delete secret', `${SECRETS}/tls`),
  remove('delete something missing', `${SECRETS}/none`),

  // lists
  post('create for lists 1', SECRETS, secret('l1', {}, { labels: { set: 'l', n: '1' } })),
  post('create for lists 2', SECRETS, secret('l2', { type: 'example.com/two' }, { labels: { set: 'l', n: '2' } })),
  post('create for lists 3', SECRETS, secret('l3', {}, { labels: { set: 'l' } })),
  get('list by label', `${SECRETS}?labelSelector=set%3Dl`),
  get('list by set', `${SECRETS}?labelSelector=set%3Dl%2Cn+in+(1,2)`),
  get('list by absence', `${SECRETS}?labelSelector=set%3Dl%2C!n`),
  get('list by inequality', `${SECRETS}?labelSelector=set%2Cn!%3D1`),
  get('list by field', `${SECRETS}?fieldSelector=metadata.name%3Dl1`),
  get('list by type', `${SECRETS}?fieldSelector=type%3Dexample.com/two`),
  get('list by an unknown field', `${SECRETS}?fieldSelector=spec.x%3D1`, {}),
  { ...get('list by a bad label selector', `${SECRETS}?labelSelector=!!`), ownWording: true },
  get('list metadata', `${SECRETS}?labelSelector=set%3Dl`, AS_METADATA_LIST),
  { ...get('list as single metadata', `${SECRETS}?labelSelector=set%3Dl`, AS_METADATA), ownWording: true },
  { ...get('get as a list of metadata', `${SECRETS}/l1`, AS_METADATA_LIST), ownWording: true },
  get('list as table', `${SECRETS}?labelSelector=set%3Dl`, AS_TABLE),
  get('first page', `${SECRETS}?labelSelector=set%3Dl&limit=2`),
  get('second page', `${SECRETS}?labelSelector=set%3Dl&limit=2&continue={{first page.metadata.continue}}`),
  get('page that counts the rest', `${SECRETS}?limit=1`),
  { ...get('list with a bad token', `${SECRETS}?limit=2&continue=rubbish`), ownWording: true },
  { ...get('list from a bad version', `${SECRETS}?resourceVersion=x`), ownWording: true },
  get('list from the future', `${SECRETS}?resourceVersion=99999999`),
  { ...get('list only as protobuf', SECRETS, { accept: 'application/xml' }), ownWording: true },

  // custom resources
  post('create sealed', SEALED, sealed('s')),
  post('create sealed again', SEALED, sealed('s')),
  get('get sealed', `${SEALED}/s`),
  get('get sealed metadata', `${SEALED}/s`, AS_METADATA),
  get('list sealed', SEALED),
  get('sealed as table', SEALED, AS_TABLE),
  get('get missing sealed', `${SEALED}/none`),
  post('sealed without kind', SEALED, { metadata: { name: 'x' }, spec: { encryptedData: {} } }, { ownWording: true }),
  post('sealed without spec', SEALED, { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'x' } }),
  post('sealed without data', SEALED, sealed('x', {})),
  post('sealed with a number', SEALED, sealed('x', { encryptedData: { a: 1 } })),
  post('sealed with a null', SEALED, sealed('nullitem', { encryptedData: { a: null } })),
  post('sealed with a list', SEALED, sealed('x', { encryptedData: [] })),
  post('sealed with null data', SEALED, sealed('x', { encryptedData: null })),
  post('sealed with null template data', SEALED, sealed('nulls', { encryptedData: {}, template: { data: { k: null }, metadata: null } })),
  post('sealed with null template', SEALED, sealed('nulltemplate', { encryptedData: {}, template: null })),
  post('sealed with old data', SEALED, sealed('olddata', { encryptedData: {}, data: 'QUJD' })),
  post('sealed with bad old data', SEALED, sealed('x', { encryptedData: {}, data: '!!' })),
  post('sealed with unknown fields', SEALED, sealed('unknown', { encryptedData: {}, foo: 1, template: { metadata: { creationTimestamp: null, x: 1 }, bar: 2 } }, { top: 1 })),
  post('sealed with unknown fields, strict', `${SEALED}?fieldValidation=Strict`, sealed('x', { encryptedData: {}, foo: 1, template: { bar: 2 } })),
  post('sealed with unknown fields, ignored', `${SEALED}?fieldValidation=Ignore`, sealed('unknown2', { encryptedData: {}, foo: 1 })),
  post('sealed with status', SEALED, sealed('withstatus', { encryptedData: {} }, { status: { observedGeneration: 3 } })),
  post('sealed with a bad name', SEALED, sealed('Not_A_Name')),
  put('replace sealed without version', `${SEALED}/s`, sealed('s')),
  put('replace sealed', `${SEALED}/s`, sealed('s', { encryptedData: { b: 'x' } }, { status: { observedGeneration: 9 } }, { resourceVersion: '{{create sealed.metadata.resourceVersion}}' })),
  put('replace sealed with a stale version', `${SEALED}/s`, sealed('s', undefined, {}, { resourceVersion: '{{create sealed.metadata.resourceVersion}}' })),
  put('write status', `${SEALED}/s/status`, sealed('s', { encryptedData: { c: 'x' } }, { status: { observedGeneration: 2, conditions: [{ type: 'Synced', status: 'True', message: 'fine', lastUpdateTime: '2026-01-02T03:04:05Z' }], foo: 1 } }, { resourceVersion: '{{replace sealed.metadata.resourceVersion}}', labels: { l: 'm' } })),
  { ...put('write a bad status', `${SEALED}/s/status`, sealed('s', undefined, { status: { observedGeneration: 'two', conditions: [{ type: 'Synced' }] } }, { resourceVersion: '{{write status.metadata.resourceVersion}}' })), ownWording: true },
  { ...put('write a bad time', `${SEALED}/s/status`, sealed('s', undefined, { status: { conditions: [{ type: 'Synced', status: 'True', lastUpdateTime: 'yesterday' }] } }, { resourceVersion: '{{write status.metadata.resourceVersion}}' })), ownWording: true },
  get('get status', `${SEALED}/s/status`),
  get('sealed with status as table', SEALED, AS_TABLE),
  patch('merge patch of status', `${SEALED}/s/status`, { status: { observedGeneration: 4 } }, MERGE),
  patch('label patch of sealed', `${SEALED}/s`, { metadata: { labels: { x: 'y' } } }, MERGE),
  patch('spec patch of sealed', `${SEALED}/s`, { spec: { encryptedData: { b: null, d: 'y' } } }, MERGE),
  patch('strategic patch of sealed', `${SEALED}/s`, {}, STRATEGIC),
  post('sealed with a finalizer', SEALED, sealed('fin', { encryptedData: {} }, {}, { finalizers: ['example.com/x'] })),
  remove('delete sealed with a finalizer', `${SEALED}/fin`),
  patch('take the finalizer off', `${SEALED}/fin`, [{ op: 'remove', path: '/metadata/finalizers' }], JSON_PATCH),
  remove('delete sealed', `${SEALED}/nulls`),
  get('scale of sealed', `${SEALED}/s/scale`),
  get('sealed in another version', '/apis/bitnami.com/v1/namespaces/answers/sealedsecrets'),

  // leases
  post('create lease', LEASES, { metadata: { name: 'lock' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2026-01-02T03:04:05.000000Z', renewTime: '2026-01-02T03:04:05.000000Z', leaseTransitions: 0 } }),
  put('renew lease', `${LEASES}/lock`, { metadata: { name: 'lock', resourceVersion: '{{create lease.metadata.resourceVersion}}' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:06.000000Z' } }),
  put('renew with a stale version', `${LEASES}/lock`, { metadata: { name: 'lock', resourceVersion: '{{create lease.metadata.resourceVersion}}' }, spec: { holderIdentity: 'b' } }),
  put('renew without version', `${LEASES}/lock`, { metadata: { name: 'lock' }, spec: { holderIdentity: 'b' } }),
  put('replace a missing lease', `${LEASES}/other`, { metadata: { name: 'other' }, spec: { holderIdentity: 'a' } }),
  put('replace a missing lease with a version', `${LEASES}/third`, { metadata: { name: 'third', resourceVersion: '5' }, spec: { holderIdentity: 'a' } }),
  put('replace a missing lease with a uid', `${LEASES}/fourth`, { metadata: { name: 'fourth', uid: 'foreign' }, spec: { holderIdentity: 'a' } }, { ownWording: true }),
  post('bad lease', LEASES, { metadata: { name: 'bad' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 0, leaseTransitions: -1 } }),
  post('lease without holder', LEASES, { metadata: { name: 'empty' }, spec: { holderIdentity: '' } }),

  // events
  post('create event', EVENTS, { metadata: { generateName: 'ev-' }, involvedObject: { kind: 'SealedSecret', namespace: 'answers', name: 's', uid: 'u1', apiVersion: 'bitnami.com/v1alpha1' }, reason: 'Unsealed', message: 'fine', type: 'Normal', source: { component: 'sealed-secrets' }, firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:04:05Z', count: 1 }),
  post('event about another namespace', EVENTS, { metadata: { generateName: 'ev-' }, involvedObject: { namespace: 'default', name: 's' }, reason: 'r', message: 'm', type: 'Normal' }),
  get('events of an object', `${EVENTS}?fieldSelector=involvedObject.uid%3Du1,involvedObject.kind%3DSealedSecret,reason%3DUnsealed,type%3DNormal`),

  // watches
  watch('watch from a list', `${SECRETS}?watch=true&resourceVersion={{list by label.metadata.resourceVersion}}&labelSelector=never%3Dmatches&timeoutSeconds=1`, 0),
  watch('watch existing', `${SECRETS}?watch=true&labelSelector=set%3Dl&timeoutSeconds=5`, 3),
  watch('watch existing metadata', `${SECRETS}?watch=true&labelSelector=set%3Dl&timeoutSeconds=5`, 3, AS_METADATA),
  watch('watch as a list of metadata', `${SECRETS}?watch=true&labelSelector=set%3Dl&timeoutSeconds=5`, 3, AS_METADATA_LIST),
  watch('watch as table', `${SECRETS}?watch=true&fieldSelector=metadata.name%3Dl1&timeoutSeconds=5`, 1, AS_TABLE),
  watch('watch list', `${SECRETS}?watch=true&labelSelector=set%3Dl&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=5`, 4),
  watch('watch list of sealed', `${SEALED}?watch=true&fieldSelector=metadata.name%3Ds&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=5`, 2),
  watch('watch list as metadata', `${SECRETS}?watch=true&labelSelector=set%3Dl&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=5`, 4, AS_METADATA),
  watch('watch list without bookmarks', `${SECRETS}?watch=true&labelSelector=set%3Dl&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`, 3),
  get('watch list without match', `${SECRETS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1`),
  get('watch with match', `${SECRETS}?watch=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`),
  { ...get('watch with a bad version', `${SECRETS}?watch=true&resourceVersion=x&timeoutSeconds=1`), ownWording: true },
  patch('leave the selection', `${SECRETS}/l3`, { metadata: { labels: { set: 'm' } } }, MERGE),
  patch('join the selection', `${SECRETS}/l3`, { metadata: { labels: { set: 'l', n: '3' } } }, MERGE),
  remove('delete from the selection', `${SECRETS}/l2`),
  watch('watch what happened', `${SECRETS}?watch=true&resourceVersion={{list by label.metadata.resourceVersion}}&labelSelector=set%3Dl&timeoutSeconds=5`, 3),

  // collections and reviews
  remove('delete collection', `${SECRETS}?labelSelector=set%3Dl`),
  post('own access', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'answers' } } }),
  post('access of nobody', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'answers' } } }),
  post('review of a bad token', '/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'nobody' } }, { ownWording: true }),
  get('secrets as nobody', `${SECRETS}/a`, { 'impersonate-user': 'nobody' }),
  get('all secrets as nobody', '/api/v1/secrets', { 'impersonate-user': 'nobody' }),
  put('status as nobody', `${SEALED}/s/status`, sealed('s'), { headers: { 'impersonate-user': 'nobody' } }),
  get('path as nobody', '/metrics', { 'impersonate-user': 'nobody' }),

  // the end of a namespace
  post('create the last secret', SECRETS, secret('last', {}, { finalizers: ['example.com/hold'] })),
  remove('delete namespace', NS),
  post('create in a namespace that goes', SECRETS, secret('late')),
  patch('let the last secret go', `${SECRETS}/last`, { metadata: { finalizers: null } }, MERGE),
]

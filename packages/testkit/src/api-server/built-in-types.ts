/**
 * The built-in resources, each as far as secrets management meets it. Only Secrets are checked as strictly as the real
 * server does; the others keep what they are given.
 * @module
 */
import { AGE_COLUMN, countColumn, EVENT_COLUMNS, NAME_COLUMN, PORTS_COLUMN, textColumn } from './columns.ts'
import { crdErrors, readCrd } from './crds.ts'
import { invalid, type FieldError } from './field-errors.ts'
import { objectOf, omit, textOf, type JsonObject } from './json.ts'
import { readMetadata, stringMap } from './metadata.ts'
import type { KubeObject } from './objects.ts'
import { apiVersionOf, type ResourceType } from './resource-type.ts'
import { configKeyErrors, readSecret, validateSecret } from './secrets.ts'

type Facts = Pick<ResourceType, 'kind' | 'plural'> &
  Partial<Omit<ResourceType, 'decode'>> & {
    readonly read?: (raw: JsonObject, defaults: KubeObject) => KubeObject
    /** Top-level fields beside kind, apiVersion and metadata, if others are to be reported. */
    readonly fields?: readonly string[]
  }

function builtIn({ read, fields, ...facts }: Facts): ResourceType {
  const type = { group: '', version: 'v1', ...facts }
  const apiVersion = apiVersionOf(type)
  const known = fields && new Set(['kind', 'apiVersion', 'metadata', ...fields])
  return {
    singular: facts.kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    hasStatus: false,
    isCustom: false,
    nameRule: 'subdomain',
    hasGeneration: false,
    unconditionalUpdate: true,
    createOnUpdate: false,
    selectableFields: [],
    columns: [NAME_COLUMN, AGE_COLUMN],
    validate: () => [],
    decode(raw) {
      const defaults = { kind: type.kind, apiVersion, metadata: readMetadata(raw['metadata'], type.kind) }
      const object = read ? read(raw, defaults) : { ...omit(raw, 'kind', 'apiVersion', 'metadata'), ...defaults }
      return { object, unknownFields: known ? Object.keys(raw).filter((field) => !known.has(field)) : [] }
    },
    ...type,
  }
}

const rbac = { group: 'rbac.authorization.k8s.io', nameRule: 'path' } as const

export const BUILT_IN_TYPES: readonly ResourceType[] = [
  builtIn({
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    namespaced: false,
    hasStatus: true,
    nameRule: 'label',
    selectableFields: ['status.phase'],
    columns: [NAME_COLUMN, textColumn('Status', 'status', 'phase'), AGE_COLUMN],
    read: readNamespace,
  }),
  builtIn({
    kind: 'Secret',
    plural: 'secrets',
    selectableFields: ['type'],
    columns: [NAME_COLUMN, textColumn('Type', 'type'), countColumn('Data', 'data'), AGE_COLUMN],
    fields: ['data', 'stringData', 'type', 'immutable'],
    read: readSecret,
    validate: validateSecret,
  }),
  builtIn({
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    columns: [NAME_COLUMN, countColumn('Data', 'data'), AGE_COLUMN],
    read: (raw, defaults) => ({ ...defaults, ...nonEmpty('data', stringMap(raw['data'], 'ConfigMap', 'data')), ...nonEmpty('binaryData', objectOf(raw['binaryData'])) }),
    validate: (object) => configKeyErrors('data', Object.keys(objectOf(object['data']))),
  }),
  builtIn({
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    createOnUpdate: true,
    selectableFields: [
      'involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion',
      'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'source', 'type',
    ],
    columns: EVENT_COLUMNS,
    read: (raw, defaults) => ({ reportingComponent: '', reportingInstance: '', eventTime: null, ...omit(raw, 'kind', 'apiVersion', 'metadata'), ...defaults }),
    validate: eventErrors,
  }),
  builtIn({
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    hasStatus: true,
    nameRule: 'label',
    columns: [NAME_COLUMN, textColumn('Type', 'spec', 'type'), textColumn('Cluster-IP', 'spec', 'clusterIP'), PORTS_COLUMN, AGE_COLUMN],
    read: (raw, defaults) => ({ ...defaults, spec: { type: 'ClusterIP', ...objectOf(raw['spec']) }, status: { loadBalancer: {} } }),
  }),
  builtIn({ kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] }),
  builtIn({
    group: 'coordination.k8s.io',
    kind: 'Lease',
    plural: 'leases',
    unconditionalUpdate: false,
    createOnUpdate: true,
    columns: [NAME_COLUMN, textColumn('Holder', 'spec', 'holderIdentity'), AGE_COLUMN],
    validate: leaseErrors,
  }),
  builtIn({
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    namespaced: false,
    hasStatus: true,
    hasGeneration: true,
    unconditionalUpdate: false,
    columns: [NAME_COLUMN, textColumn('Created At', 'metadata', 'creationTimestamp')],
    read: readCrd,
    validate: crdErrors,
  }),
  builtIn({ ...rbac, kind: 'Role', plural: 'roles' }),
  builtIn({ ...rbac, kind: 'RoleBinding', plural: 'rolebindings' }),
  builtIn({ ...rbac, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false }),
  builtIn({ ...rbac, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false }),
]

function nonEmpty(field: string, map: JsonObject): JsonObject {
  return Object.keys(map).length === 0 ? {} : { [field]: map }
}

function readNamespace(raw: JsonObject, defaults: KubeObject): KubeObject {
  const { metadata } = defaults
  const labels = { ...metadata.labels, ...(metadata.name === undefined ? {} : { 'kubernetes.io/metadata.name': metadata.name }) }
  const phase = textOf(objectOf(raw['status'])['phase']) || 'Active'
  return { ...defaults, metadata: { ...metadata, labels }, spec: { finalizers: ['kubernetes'] }, status: { phase } }
}

function eventErrors(event: KubeObject): FieldError[] {
  const namespace = textOf(objectOf(event['involvedObject'])['namespace']) || 'default'
  return namespace === event.metadata.namespace ? [] : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')]
}

function leaseErrors(lease: KubeObject): FieldError[] {
  const spec = objectOf(lease['spec'])
  const errors: FieldError[] = []
  for (const [field, least] of [['leaseDurationSeconds', 1], ['leaseTransitions', 0]] as const) {
    const value = spec[field]
    if (typeof value === 'number' && value < least) {
      errors.push(invalid(`spec.${field}`, value, least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'))
    }
  }
  return errors
}

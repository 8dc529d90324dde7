/**
 * CustomResourceDefinitions, and the resource types that they bring.
 * Follows: k8s.io/apiextensions-apiserver (one served version, structural schema, status subresource, printer columns).
 * @module
 */
import { age, AGE_COLUMN, NAME_COLUMN } from './columns.ts'
import { applyDefaults, prune, schemaErrors } from './crd-schema.ts'
import { invalid, notSupported, required, type FieldError } from './field-errors.ts'
import { arrayOf, isObject, objectOf, omit, textOf, valueAt, type Json, type JsonObject } from './json.ts'
import { readMetadata, subdomainProblems } from './metadata.ts'
import type { KubeObject } from './objects.ts'
import type { Column, ResourceType } from './resource-type.ts'

/** Names are completed, and the definition is in force at once. */
export function readCrd(raw: JsonObject, defaults: KubeObject): KubeObject {
  const spec = objectOf(raw['spec'])
  const names = objectOf(spec['names'])
  const kind = textOf(names['kind'])
  const complete = { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names }
  const stored = arrayOf(spec['versions']).map(objectOf).filter((version) => version['storage'] === true)
  const condition = (type: string, reason: string, message: string): JsonObject => ({ type, status: 'True', reason, message })
  return {
    ...defaults,
    spec: { conversion: { strategy: 'None' }, ...spec, names: complete },
    status: {
      acceptedNames: complete,
      conditions: [condition('NamesAccepted', 'NoConflicts', 'no conflicts found'), condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted')],
      storedVersions: stored.map((version) => textOf(version['name'])),
    },
  }
}

export function crdErrors(crd: KubeObject): FieldError[] {
  const spec = objectOf(crd['spec'])
  const group = textOf(spec['group'])
  const plural = textOf(valueAt(spec, ['names', 'plural']))
  const scope = spec['scope'] ?? ''
  const errors: FieldError[] = []
  if (crd.metadata.name !== `${plural}.${group}`) errors.push(invalid('metadata.name', crd.metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'))
  if (group === '') errors.push(required('spec.group'))
  else for (const text of subdomainProblems(group)) errors.push(invalid('spec.group', group, text))
  if (plural === '') errors.push(required('spec.names.plural'))
  if (textOf(valueAt(spec, ['names', 'kind'])) === '') errors.push(required('spec.names.kind'))
  if (scope !== 'Namespaced' && scope !== 'Cluster') errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  const versions = arrayOf(spec['versions']).map(objectOf)
  versions.forEach((version, index) => {
    if (!isObject(valueAt(version, ['schema', 'openAPIV3Schema']))) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'))
  })
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(invalid('spec.versions', [...versions], 'must have exactly one version marked as storage version'))
  }
  return errors
}

/** The types that a definition serves. */
export function customTypes(crd: KubeObject): ResourceType[] {
  const spec = objectOf(crd['spec'])
  const names = objectOf(spec['names'])
  return arrayOf(spec['versions'])
    .map(objectOf)
    .filter((version) => version['served'] === true)
    .map((version) => {
      const schema = objectOf(valueAt(version, ['schema', 'openAPIV3Schema']))
      const group = textOf(spec['group'])
      const apiVersion = `${group}/${textOf(version['name'])}`
      const kind = textOf(names['kind'])
      return {
        group,
        version: textOf(version['name']),
        kind,
        plural: textOf(names['plural']),
        singular: textOf(names['singular']),
        shortNames: arrayOf(names['shortNames']).map(textOf),
        namespaced: spec['scope'] === 'Namespaced',
        hasStatus: isObject(valueAt(version, ['subresources', 'status'])),
        isCustom: true,
        nameRule: 'subdomain',
        hasGeneration: true,
        unconditionalUpdate: false,
        createOnUpdate: false,
        selectableFields: arrayOf(version['selectableFields']).map((field) => textOf(objectOf(field)['jsonPath']).slice(1)),
        columns: [NAME_COLUMN, ...printerColumns(arrayOf(version['additionalPrinterColumns']))],
        decode(raw) {
          const pruned = prune(omit(raw, 'apiVersion', 'kind', 'metadata'), schema)
          const body = applyDefaults(pruned.value, schema) as JsonObject
          return { object: { apiVersion, kind, metadata: readMetadata(raw['metadata'], kind), ...body }, unknownFields: pruned.unknownFields }
        },
        validate: (object) => schemaErrors(omit(object, 'metadata'), schema),
      } satisfies ResourceType
    })
}

function printerColumns(columns: readonly Json[]): Column[] {
  if (columns.length === 0) return [AGE_COLUMN]
  return columns.map(objectOf).map((column) => {
    const type = textOf(column['type'])
    const steps = pathSteps(textOf(column['jsonPath']))
    return {
      name: textOf(column['name']),
      type,
      ...(typeof column['description'] === 'string' ? { description: column['description'] } : {}),
      ...(typeof column['priority'] === 'number' ? { priority: column['priority'] } : {}),
      cell(object, now) {
        const value = valueAt(object, steps)
        return type === 'date' ? age(typeof value === 'string' ? value : undefined, now) : (value ?? null)
      },
    } satisfies Column
  })
}

/** `.status.conditions[0].message` as steps: the part of JSONPath that printer columns of our kinds use. */
function pathSteps(jsonPath: string): string[] {
  return jsonPath.split(/[.[\]]/).filter((step) => step !== '')
}

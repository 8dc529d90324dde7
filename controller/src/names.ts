/**
 * Names that other programs know: the resource, the annotations, the condition, the event source.
 * Follows: bitnami-labs/sealed-secrets pkg/apis/sealedsecrets/v1alpha1/types.go, pkg/controller/controller.go.
 * @module
 */
import type { Resource } from '@waxseal/kube'
import { ANNOTATION_PREFIX } from '@waxseal/sealed'

export const SEALED_SECRETS: Resource = { group: 'bitnami.com', version: 'v1alpha1', plural: 'sealedsecrets' }

/** On an existing Secret: it may be overwritten and owned. Only the exact value `true` counts, here and below. */
export const MANAGED_ANNOTATION = `${ANNOTATION_PREFIX}managed`
/** On an existing Secret: items are merged into it, and it is not owned unless it is managed as well. */
export const PATCH_ANNOTATION = `${ANNOTATION_PREFIX}patch`
export const INSTANCE_LABEL = 'app.kubernetes.io/instance'

export const SYNCED = 'Synced'
export const EVENT_SOURCE = 'sealed-secrets'

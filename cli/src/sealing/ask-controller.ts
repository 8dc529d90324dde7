/**
 * The controller's answers about one SealedSecret: whether it opens, and its items sealed for the newest key. It is sent what that needs and no more:
 * no templates, which old controllers would render into items.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '@waxseal/core'
import { refuseWhole, sealedSecretOf, scopeAnnotations, scopeOf, type SealedSecretManifest } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { isRefusal, readAnswered, type Answer, type ControllerService, type Refusal } from './controller-service.ts'
import { goJson } from './manifest-output.ts'

const CONFLICT = 409
const TOO_MANY = 429
/** The controller takes some requests a second of each client. */
const MAX_TRIES = 10
const DEFAULT_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

/** @throws CodedError SEALED_REJECTED - it does not open; KUBE_* */
export async function verifyItems(service: ControllerService, sealed: SealedSecretManifest, context: Context): Promise<void> {
  const answer = await ask(service, '/v1/verify', sealed, context)
  if (!isRefusal(answer)) return
  if (answer.status === CONFLICT) throw new CodedError('SEALED_REJECTED', 'the controller cannot open it', { hint: 'it opens only under the name, namespace and scope that it was sealed for' })
  throw refused(answer)
}

/** @returns the texts of all items. @throws CodedError SEALED_REJECTED, KUBE_* */
export async function rotateItems(service: ControllerService, sealed: SealedSecretManifest, context: Context): Promise<ReadonlyMap<string, string>> {
  refuseWhole(sealed)
  const wanted = Object.keys(sealed.spec.encryptedData)
  if (wanted.length === 0) return new Map()
  const answer = await ask(service, '/v1/rotate', sealed, context)
  if (isRefusal(answer)) {
    const isRejected = answer.status === CONFLICT || answer.status === 500 // upstream's one answer to everything
    throw isRejected ? new CodedError('SEALED_REJECTED', `the controller cannot seal it anew: ${answer.message}`, { hint: 'waxseal validate tells whether it opens' }) : refused(answer)
  }
  const items = new Map(Object.entries(sealedSecretOf(readAnswered(answer.body)).spec.encryptedData))
  if (items.size !== wanted.length || !wanted.every((name) => items.get(name))) throw new CodedError('KUBE_REFUSED', "the controller's answer has other items")
  return items
}

async function ask(service: ControllerService, route: string, { kind, apiVersion, metadata, spec }: SealedSecretManifest, context: Context): Promise<Answer> {
  const { name, namespace, annotations } = metadata
  const place = { name, namespace, annotations: scopeAnnotations(scopeOf(annotations)) }
  const body = goJson({ kind, apiVersion, metadata: place, spec: { template: { metadata: place }, encryptedData: spec.encryptedData, data: spec.data } })
  for (let tries = 1; ; tries++) {
    const answer = await service.post(route, body)
    if (!isRefusal(answer) || answer.status !== TOO_MANY || tries === MAX_TRIES) return answer
    await pause(Math.min(answer.retryAfterMs ?? DEFAULT_WAIT_MS, LONGEST_WAIT_MS), context.signal)
  }
}

/** @throws CodedError CANCELED */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (cause) {
    throw signal.reason instanceof CodedError ? signal.reason : new CodedError('CANCELED', 'the run was cancelled', { cause })
  }
}

function refused({ message }: Refusal): CodedError {
  return new CodedError('KUBE_REFUSED', `the controller refuses: ${message}`)
}

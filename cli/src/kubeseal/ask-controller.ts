/**
 * `kubeseal --validate` and `--re-encrypt`: each SealedSecret is sent to the controller, one after another.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { SEALED_SECRET_API_VERSION, sealedSecretOf, type SealedSecretManifest } from '@waxseal/sealed'
import { ACCEPT_OBJECT, ControllerService, isRefusal, readAnswered } from '../sealing/controller-service.ts'
import { goJson } from '../sealing/manifest-output.ts'
import type { Invocation } from './invocation.ts'
import { readableObjects } from './secret-input.ts'

const CONFLICT = 409

export async function validate(invocation: Invocation): Promise<void> {
  const service = await findService(invocation)
  for (const sealed of await readSealedStream(invocation)) {
    const answer = await service.post('/v1/verify', goJson(sealed))
    if (!isRefusal(answer)) continue
    if (answer.status === CONFLICT) throw new CodedError('SEALED_REJECTED', `unable to decrypt sealed secret: ${sealed.metadata.name ?? ''}`)
    throw new CodedError('KUBE_REFUSED', `cannot validate sealed secret: ${answer.message}`)
  }
}

export async function reEncrypt(invocation: Invocation): Promise<void> {
  const service = await findService(invocation)
  for (const sealed of await readSealedStream(invocation)) {
    const answer = await service.post('/v1/rotate', goJson(sealed))
    if (isRefusal(answer)) {
      if (answer.status === CONFLICT) throw new CodedError('SEALED_REJECTED', 'unable to rotate secret')
      throw new CodedError('KUBE_REFUSED', `cannot re-encrypt secret: ${answer.message}`)
    }
    // The controller leaves out kind and apiVersion.
    await invocation.print(sealedSecretOf({ ...readAnswered(answer.body), kind: 'SealedSecret', apiVersion: SEALED_SECRET_API_VERSION }))
  }
}

function findService({ cluster, controller }: Invocation): Promise<ControllerService> {
  return ControllerService.find(cluster, controller, ACCEPT_OBJECT)
}

/** Kind and version are sent as they are: whether they will do is for the controller to say. */
async function readSealedStream(invocation: Invocation): Promise<(Omit<SealedSecretManifest, 'kind' | 'apiVersion'> & { readonly kind: unknown; readonly apiVersion: unknown })[]> {
  const objects = (await readableObjects(invocation.input())).filter((object) => Object.keys(object).length > 0)
  return objects.map((object) => ({ ...sealedSecretOf(object), kind: object['kind'] || undefined, apiVersion: object['apiVersion'] || undefined }))
}

/**
 * `kubeseal --validate` and `--re-encrypt`: each SealedSecret is sent to the controller, one after another.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { isObject, SEALED_SECRET_API_VERSION, sealedSecretOf, type SealedSecretManifest } from '@waxseal/sealed'
import { ACCEPT_OBJECT, ControllerService, isRefusal } from '../sealing/controller-service.ts'
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
    await invocation.print(readAnswer(answer.body))
  }
}

function findService({ cluster, controller }: Invocation): Promise<ControllerService> {
  return ControllerService.find(cluster, controller, ACCEPT_OBJECT)
}

async function readSealedStream(invocation: Invocation): Promise<SealedSecretManifest[]> {
  return (await readableObjects(invocation.input())).map(sealedSecretOf)
}

/** The controller leaves out kind and apiVersion. */
function readAnswer(body: Buffer): SealedSecretManifest {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new CodedError('KUBE_REFUSED', "the controller's answer is not JSON")
  }
  if (!isObject(value)) throw new CodedError('KUBE_REFUSED', "the controller's answer is no object")
  return sealedSecretOf({ ...value, kind: 'SealedSecret', apiVersion: SEALED_SECRET_API_VERSION })
}

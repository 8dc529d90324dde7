/**
 * `kubeseal --merge-into`: sealed items, template labels and template annotations go into an existing SealedSecret file.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { sortedMap, type SealedSecretManifest, type StringMap } from '@waxseal/sealed'
import { replaceUnchanged } from '../files.ts'
import { manifestText } from '../sealing/manifest-output.ts'
import type { Invocation } from './invocation.ts'
import { sealOne } from './seal.ts'
import { readSealed } from './sealed-input.ts'
import { readSecrets } from './secret-input.ts'

export async function mergeInto(invocation: Invocation): Promise<void> {
  const { publicKey } = await invocation.certificate()
  const file = invocation.flags.text('merge-into')
  const source = invocation.readFile(file)
  const { sealed: target } = await readSealed(Buffer.from(source).toString('utf8'))
  const secrets = await readSecrets(invocation.input())
  const [secret] = secrets
  if (secret === undefined || secrets.length > 1) {
    throw new CodedError('PARSE_FAILED', "couldn't get version/kind; json parse error: invalid character '{' after top-level value")
  }
  const { name, namespace } = target.metadata
  const update = await sealOne(invocation, secret, publicKey, { name, namespace })
  const text = await manifestText(merge(target, update), invocation.format)
  replaceUnchanged(resolve(invocation.context.cwd, file), Buffer.from(text), source, file)
}

function merge(target: SealedSecretManifest, update: SealedSecretManifest): SealedSecretManifest {
  if (target.metadata.name === undefined && Object.keys(target.spec.encryptedData).length === 0) return update // an empty file
  const { spec } = update
  const { template } = target.spec
  const labels = mergeMaps(template.metadata.labels, spec.template.metadata.labels)
  const annotations = mergeMaps(template.metadata.annotations, spec.template.metadata.annotations)
  return {
    ...target,
    spec: {
      ...target.spec,
      template: { ...template, metadata: { ...template.metadata, ...(labels && { labels }), ...(annotations && { annotations }) } },
      encryptedData: sortedMap(Object.entries({ ...target.spec.encryptedData, ...spec.encryptedData })),
    },
  }
}

function mergeMaps(old: StringMap | undefined, update: StringMap | undefined): StringMap | undefined {
  return old || update ? sortedMap([...new Map([...Object.entries(old ?? {}), ...Object.entries(update ?? {})])]) : undefined
}

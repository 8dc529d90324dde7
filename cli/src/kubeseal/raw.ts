/**
 * `kubeseal --raw`: one value becomes one sealed item, without a line end.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { sealItem, scopeLabel, type Scope } from '@waxseal/sealed'
import type { Invocation } from './invocation.ts'

export async function raw(invocation: Invocation): Promise<void> {
  const { flags } = invocation
  const { publicKey } = await invocation.certificate()
  const scope = (flags.text('scope') || 'strict') as Scope
  const name = flags.text('name')
  const namespace = scope === 'cluster-wide' ? '' : await invocation.cluster.namespace(invocation.givenNamespace)
  if (scope === 'strict' && name === '') throw new CodedError('NAME_MISSING', 'must provide the --name flag with --raw and --scope strict')
  const value = readValue(invocation)
  try {
    invocation.write(sealItem(value, publicKey, scopeLabel(scope, namespace, name)))
  } finally {
    value.fill(0)
  }
}

/** `--from-file` takes KEY=PATH like kubectl's; the key has no use here. */
function readValue(invocation: Invocation): Uint8Array {
  const [file, ...others] = invocation.flags.list('from-file')
  if (others.length > 0) throw new CodedError('USAGE', 'must provide only one --from-file when encrypting a single item with --raw')
  if (file === undefined) return invocation.context.stdin.readAll()
  return invocation.readFile(file.slice(file.indexOf('=') + 1))
}

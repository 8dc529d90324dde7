/**
 * JSON may have a key twice in an object, and so may what is made of it; nobody reads such a YAML document.
 * The reference writes one all the same.
 * @module
 */
import { CodedError, type Entry, type Node } from '@waxseal/core'

/** @throws CodedError EMIT_FAILED */
export function refuseDuplicateKeys(root: Entry | Node): void {
  const open: (Entry | Node)[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'entry') open.push(node.value)
    if (node.kind !== 'map' && node.kind !== 'list') continue
    const seen = new Set<string>()
    for (const item of node.items) {
      open.push(item)
      if (item.kind !== 'entry') continue
      if (seen.has(item.key)) throw new CodedError('EMIT_FAILED', `a key stands twice in one map, which YAML does not allow: ${item.key}`, { path: item.key })
      seen.add(item.key)
    }
  }
}

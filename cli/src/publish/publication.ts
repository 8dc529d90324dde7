/**
 * What goes to a destination, and under which name: the same for both command lines.
 * @module
 */
import { extname } from 'node:path'
import { groupsOfRule, plainTree, type DestinationRule, type Entry, type KeyGroup, type MapNode, type OpenedDocument, type Providers, type Tree } from '@waxseal/core'
import { json } from '@waxseal/formats'
import type { Context } from '../context.ts'

/** @param name - the file's own, or its path below the folder that is published */
export function nameAtDestination(name: string, rule: DestinationRule, omitsExtension: boolean): string {
  return omitsExtension || rule.omitExtensions ? name.slice(0, name.length - extname(name).length) : name
}

/** The keys that a file gets on its way into a bucket. @returns undefined if the rule names none: the file goes as it is */
export async function recreationGroups({ recreationRule }: DestinationRule, providers: Providers, context: Context): Promise<readonly KeyGroup[] | undefined> {
  const groups = await groupsOfRule(recreationRule, providers, { now: context.now() }, context.signal)
  return groups[0]?.length === 0 ? undefined : groups
}

/** What a key/value store gets: one JSON object. */
export function valuesOf(opened: OpenedDocument): string {
  return Buffer.from(json.emit([mergeDocuments(plainTree(opened))])).toString()
}

/** Top-level entries of all documents in one map: later ones win, comments go. */
function mergeDocuments(tree: Tree): MapNode {
  const entries = new Map<string, Entry>()
  for (const item of tree.flatMap(({ items }) => items)) if (item.kind === 'entry') entries.set(item.key, item)
  return { kind: 'map', items: [...entries.values()] }
}

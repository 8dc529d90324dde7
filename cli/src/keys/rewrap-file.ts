/**
 * Gives a file other keys, and a new data key if it is asked for: what the commands that change recipients do once their plan is agreed to.
 * @module
 */
import { CodedError, parseMetadata, rewrapDocument, rotateDocument, unlockDocument, type Change, type Document, type KeyGroup, type Metadata, type Providers } from '@waxseal/core'
import { openAudited } from '../audit/audited-document.ts'
import type { Context } from '../context.ts'
import { changesKeys, diffGroups } from './group-diff.ts'
import { namesInRules } from '../settings/key-names.ts'
import { auditedPath, formatOf, inFile, readSource, saveSecretFile } from '../documents/secret-file.ts'

export interface NewKeys {
  /** What the file had when the plan was made. */
  readonly before: Pick<Metadata, 'groups' | 'threshold'>
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
  /** A new data key as well. */
  readonly rotates: boolean
}

/** The file is read anew: values may have changed while somebody looked at the plan. @throws CodedError FILE_CHANGED, and what opening and wrapping throw */
export async function rewrapFile(file: string, type: string | undefined, keys: NewKeys, providers: Providers, context: Context): Promise<void> {
  const source = readSource(context, file)
  const result = await inFile(file, async () => {
    const document = formatOf(file, type).parse(source)
    checkSameKeys(file, keys.before, parseMetadata(document.metadata, providers), providers)
    const { edits, metadata } = await rewrap(auditedPath(context, file), document, keys, providers, context)
    return document.apply(edits, metadata)
  }, () => namesInRules(context))
  saveSecretFile({ name: file, source }, result, context)
}

/** Nobody agreed to undo what somebody else did to the keys. @throws CodedError FILE_CHANGED */
function checkSameKeys(file: string, before: NewKeys['before'], now: Metadata, providers: Providers): void {
  if (now.threshold === before.threshold && !changesKeys(diffGroups(before.groups, now.groups, providers))) return
  throw new CodedError('FILE_CHANGED', `${file}: its keys were changed by something else meanwhile`, { hint: 'look at the plan anew' })
}

/** @param path - absolute */
async function rewrap(path: string, document: Document, { groups, threshold, rotates }: NewKeys, providers: Providers, context: Context): Promise<Change> {
  const request = { providers, decryptionOrder: [], signal: context.signal }
  const change = { groups, threshold, random: context.random, signal: context.signal }
  if (!rotates) return await rewrapDocument(await unlockDocument(document, request), change)
  await context.audit.record('rotate', path)
  const opened = await openAudited(context, path, document, { ...request, keepNonces: false })
  await context.audit.record('encrypt', path)
  return await rotateDocument(opened, { ...change, now: context.now })
}

/**
 * Opening a document where auditors may want to know of it.
 * @module
 */
import { decryptUnlocked, unlockDocument, type Document, type OpenedDocument, type OpenRequest } from '@waxseal/core'
import type { Context } from '../context.ts'

/**
 * As core's `openDocument`; auditors are told when the data key is known, before values are decrypted.
 * @param path - absolute
 * @throws CodedError AUDIT_FAILED, and as `openDocument`
 */
export async function openAudited(context: Context, path: string, document: Document, request: OpenRequest): Promise<OpenedDocument> {
  const unlocked = await unlockDocument(document, request)
  await context.audit.record('decrypt', path)
  return await decryptUnlocked(unlocked, request)
}

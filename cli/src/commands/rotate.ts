/**
 * `rotate`: a new data key and new tokens for every value, under the keys that the file has.
 * @module
 */
import { rotateDocument } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { auditedPath, inFile, openSecretFile, refuseStdio, saveSecretFile } from '../documents/secret-file.ts'
import { eachOnItsOwn, secretFiles } from '../documents/secret-tree.ts'

export const rotate: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  return await eachOnItsOwn(secretFiles(args, context), context, async (file) => {
    await context.audit.record('rotate', auditedPath(context, file))
    const secret = await openSecretFile(context, file, options.text('type'), true)
    const { opened } = secret
    const result = await inFile(file, async () => {
      await context.audit.record('encrypt', auditedPath(context, file))
      const change = await rotateDocument(opened, { now: context.now, random: context.random, signal: context.signal })
      return opened.document.apply(change.edits, change.metadata)
    })
    saveSecretFile(secret, result, context)
  })
}

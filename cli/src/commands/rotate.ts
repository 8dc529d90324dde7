/**
 * `rotate`: a new data key and new tokens for every value, under the keys that the file has.
 * @module
 */
import { resolve } from 'node:path'
import { rotateDocument } from '@waxseal/core'
import { replaceFile } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile, refuseStdio } from '../secret-file.ts'
import { eachOnItsOwn, secretFiles } from '../secret-tree.ts'

export const rotate: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  return await eachOnItsOwn(secretFiles(args, context), context, async (file) => {
    const { opened } = await openSecretFile(context, file, options.text('type'), true)
    const result = await inFile(file, async () => {
      const change = await rotateDocument(opened, { now: context.now, random: context.random, signal: context.signal })
      return opened.document.apply(change.edits, change.metadata)
    })
    replaceFile(resolve(context.cwd, file), result, file)
  })
}

/**
 * `keygen`: a new age identity, or the recipients of one that is there.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { generateIdentity, namedRecipients } from '@waxseal/provider-age'
import { createPrivateFile, readFileBounded } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { inFile } from '../documents/secret-file.ts'

export const keygen: NativeAction = async (_args, options, context) => {
  const existing = options.text('recipients')
  if (existing !== undefined) {
    const recipients = await inFile(existing, () => namedRecipients(readFileBounded(resolve(context.cwd, existing), { name: existing })))
    if (recipients.length === 0) throw new CodedError('IDENTITY_INVALID', `${existing}: no age identity in it`)
    for (const { recipient } of recipients) context.stdout.write(`${recipient}\n`)
    return 0
  }
  const { recipient, fileText } = generateIdentity(context.now())
  const output = options.text('output')
  if (output === undefined) {
    context.stdout.write(fileText)
    return 0
  }
  createPrivateFile(resolve(context.cwd, output), Buffer.from(fileText, 'utf8'), output)
  context.stderr.write(`public key: ${recipient}\n`)
  return 0
}

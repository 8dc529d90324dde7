/**
 * `init`: an identity for the user, a rule file and git attributes for the repository. What is there stays.
 * @module
 */
import { join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { generateIdentity, namedRecipients, parseAgeRecipient } from '@waxseal/provider-age'
import { ageKeyFile } from '../providers/age-identities.ts'
import type { Context } from '../context.ts'
import { createFile, createPrivateFile, kindOfFile, readFileBounded } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { searchRuleFile } from '../settings/rules.ts'
import { inFile } from '../documents/secret-file.ts'

interface Done {
  readonly file: string
  readonly made: boolean
}

export const init: NativeAction = async (_args, options, context) => {
  const given = options.list('age').flatMap((list) => list.split(',')).map((text) => text.trim()).filter((text) => text !== '')
  for (const recipient of given) parseAgeRecipient(recipient)
  const keyFile = options.text('keyFile') ?? (context.env['SOPS_AGE_KEY_FILE'] || ageKeyFile(context))
  const done: Done[] = []
  const recipients = [...given]
  if (given.length === 0 || options.text('keyFile') !== undefined) {
    if (keyFile === undefined) throw new CodedError('USAGE', 'there is no home folder for your identity', { hint: 'give --key-file FILE' })
    const { recipient, made } = await ownIdentity(keyFile, context)
    done.push({ file: keyFile, made })
    if (given.length === 0) recipients.push(recipient)
  }
  const { path: ruleFile } = searchRuleFile(context)
  done.push(ruleFile === undefined ? makeIfMissing(context, '.sops.yaml', ruleFileText(recipients)) : { file: ruleFile, made: false })
  done.push(makeIfMissing(context, '.gitattributes', GIT_ATTRIBUTES))
  if (options.bool('json')) context.stdout.write(`${JSON.stringify({ recipients, files: done }, null, 2)}\n`)
  else {
    for (const { file, made } of done) context.stderr.write(`${made ? 'made' : 'kept'} ${file}\n`)
    context.stderr.write(`recipients: ${recipients.join(', ')}\n`)
    if (keyFile !== undefined && given.length === 0) context.stderr.write(`keep a copy of ${keyFile}: without it nobody opens the files that only you can open\n`)
  }
  return 0
}

async function ownIdentity(file: string, context: Context): Promise<{ recipient: string; made: boolean }> {
  const path = resolve(context.cwd, file)
  if (kindOfFile(path) !== undefined) {
    const [first] = await inFile(file, () => namedRecipients(readFileBounded(path, { name: file })))
    if (!first) throw new CodedError('IDENTITY_INVALID', `${file}: no age identity in it`, { hint: 'give another --key-file' })
    return { recipient: first.recipient, made: false }
  }
  const { recipient, fileText } = generateIdentity(context.now())
  createPrivateFile(path, Buffer.from(fileText, 'utf8'), file)
  return { recipient, made: true }
}

function makeIfMissing(context: Context, name: string, text: string): Done {
  const path = join(context.cwd, name)
  if (kindOfFile(path) !== undefined) return { file: name, made: false }
  createFile(path, Buffer.from(text, 'utf8'), 0o666, name)
  return { file: name, made: true }
}

function ruleFileText(recipients: readonly string[]): string {
  const list = (indent: string): string => recipients.map((recipient) => `${indent}- ${recipient}\n`).join('')
  return `# Which files are encrypted how, for whom. The first rule whose path_regex matches counts.
creation_rules:
  # For Kubernetes Secrets, of which only the data should be encrypted, put a rule like this one in front:
  # - path_regex: ^deploy/.*\\.ya?ml$
  #   encrypted_regex: ^(data|stringData)$
  #   age: the same recipients
  # Every value. Name a value something_unencrypted to keep it readable.
  - age:
${list('      ')}`
}

const GIT_ATTRIBUTES = `# git diff shows the plaintext of encrypted files to those who can open them, after:
#   git config diff.waxseal.textconv "waxseal decrypt"
# Never set diff.waxseal.cachetextconv: it would store plaintext in the repository.
*.enc.yaml diff=waxseal
*.enc.json diff=waxseal
*.enc.env diff=waxseal
`

/**
 * `publish`: encrypted files go where the destination rules of `.sops.yaml` send them. All of them are made ready and shown before the first is sent.
 * @module
 */
import { basename, join, relative, resolve } from 'node:path'
import { CodedError, findDestinationRule, parseMetadata, restrictHosts, selectionFrom, type DestinationRule, type KeyGroup, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { changesKeys, diffGroups, type GroupDiff } from '../keys/group-diff.ts'
import { groupLines } from '../keys/key-plan.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { agreeToPlan } from '../ui/plan.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { connectDestination } from '../publish/connect.ts'
import { nameAtDestination, recreationGroups, valuesOf } from '../publish/publication.ts'
import type { LoadedRules } from '../settings/rules.ts'
import { encryptPlain, findRules, formatOf, inFile, openSource, parsePlainFile, readSource, refuseStdio, type SecretFile } from '../documents/secret-file.ts'
import { eachOnItsOwn, filesBelow, forEachFile, isFolder, mayBeEncrypted } from '../documents/secret-tree.ts'
import { allowedNames } from '../settings/user-config.ts'

type Destination = NonNullable<DestinationRule['destination']>

interface Publication {
  readonly file: string
  readonly to: string
  /** The file as it is, the file under the keys of a recreation rule, or its plaintext. */
  readonly sends: 'file' | 'file for other keys' | 'values'
  /** How the keys at the destination differ from the file's own. */
  readonly groups?: readonly GroupDiff[]
  /** @returns false if the destination holds the same already */
  readonly upload: () => Promise<boolean>
}

export const publish: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const rules = await findRules(context, options.text('config'))
  if (rules === null || rules.destinationRules.length === 0) throw new CodedError('CONFIG_NOT_FOUND', 'there is no .sops.yaml with destination_rules here or above', { hint: 'docs/publishing.md shows one, or give --config' })
  const providers = await nativeProviders(context)
  const names = namesAtDestination(args, context)
  const files = [...names.keys()]
  const found = await forEachFile(files, context, async (file) => {
    const rule = await inFile(rules.path, () => ruleOf(file, rules, args.includes(file), context))
    return rule && (await ready(file, nameAtDestination(names.get(file)!, rule, options.bool('omitExtensions')), rule, providers, options, context))
  })
  const publications = found.filter((each) => each !== undefined)
  if (publications.length === 0) throw new CodedError('USAGE', `${args.join(', ')}: there is no encrypted file in there that a destination rule matches`, { hint: 'destination_rules of .sops.yaml say which files go where' })
  const steps = publications.map(({ file, to, sends, groups }) => ({ file, to, sends, ...(groups && { groups }) }))
  const question = `Send ${publications.length === 1 ? 'this file' : `these ${publications.length} files`}?`
  if (!(await agreeToPlan({ text: publications.map(planText).join(''), steps, question }, options, context))) return 0
  return await eachOnItsOwn(publications.map(({ file }) => file), context, async (file) => {
    const { to, upload } = publications.find((each) => each.file === file)!
    const isNew = await inFile(file, upload)
    context.stderr.write(`${printable(file)}: ${isNew ? 'sent to' : 'is the same already at'} ${printable(to)}\n`)
  })
}

/** By file: its own name, or its path below the folder that was named. */
function namesAtDestination(args: readonly string[], context: Context): ReadonlyMap<string, string> {
  return new Map(
    args.flatMap((arg) =>
      isFolder(arg, context) ? [...filesBelow(arg, context)].filter((file) => mayBeEncrypted(file, context)).map((file) => [file, relative(join(arg), file)] as const) : [[arg, basename(arg)] as const],
    ),
  )
}

/** Rules look at the path below their file, as creation rules do. @returns undefined for a file of a folder that none is meant for */
async function ruleOf(file: string, rules: LoadedRules, isNamed: boolean, context: Context): Promise<DestinationRule | undefined> {
  const below = relative(rules.directory, resolve(context.cwd, file))
  try {
    return await findDestinationRule(rules, below.startsWith('..') ? resolve(context.cwd, file) : below)
  } catch (error) {
    if (!isNamed && error instanceof CodedError && error.code === 'RULE_NOT_FOUND') return undefined
    throw error
  }
}

async function ready(file: string, target: string, rule: DestinationRule, providers: Providers, options: OptionValues, context: Context): Promise<Publication> {
  if (rule.destination === undefined) throw new CodedError('CONFIG_INVALID', `${file}: its destination rule names no destination`, { hint: 'give it s3_bucket, gcs_bucket or vault_path' })
  checkHost(rule.destination, context)
  const destination = await connectDestination(rule.destination, context, (message) => context.stderr.write(`waxseal: ${printable(message)}\n`))
  const plain = { name: file, source: readSource(context, file), format: formatOf(file, options.text('type')) }
  const to = destination.address(target)
  if (destination.kind === 'values') {
    const values = valuesOf((await openSource(context, plain, true)).opened)
    return { file, to, sends: 'values', upload: () => destination.upload(target, values) }
  }
  const { groups: own } = await inFile(file, () => parseMetadata(plain.format.parse(plain.source).metadata, providers))
  const groups = await recreationGroups(rule, providers, context)
  const bytes = groups === undefined ? plain.source : await encryptedAnew(await openSource(context, plain, true), rule, groups, providers, context)
  const upload = async (): Promise<boolean> => {
    await destination.upload(target, bytes)
    return true
  }
  return groups === undefined ? { file, to, sends: 'file', upload } : { file, to, sends: 'file for other keys', groups: diffGroups(own, groups, providers), upload }
}

/** A pull request can change the rule file, and the token and the values would go to the host that it names. */
function checkHost(destination: Destination, context: Context): void {
  if (destination.kind !== 'vault' || destination.address === '') return
  const own = context.env['VAULT_ADDR']
  restrictHosts(() => allowedNames(context)).check({ what: 'Vault address', url: destination.address, configured: own ? [own] : [], setting: 'VAULT_ADDR' })
}

/** Under a new data key; the file itself stays as it is. */
async function encryptedAnew({ name, format, opened }: SecretFile, { recreationRule }: DestinationRule, groups: readonly KeyGroup[], providers: Providers, context: Context): Promise<Uint8Array> {
  return await inFile(name, async () => {
    const document = parsePlainFile(format, opened.document.apply(opened.edits, null))
    const selection = format.name === 'binary' ? null : selectionFrom(recreationRule.settings, 'the recreation rule has more than one selector')
    return await encryptPlain(context, name, document, format, { providers, groups, threshold: recreationRule.threshold, selection, macOnlyEncrypted: recreationRule.macOnlyEncrypted, layoutHint: false })
  })
}

const WORDS: Readonly<Record<Publication['sends'], string>> = { file: 'as it is', 'file for other keys': 'encrypted anew', values: 'its values, decrypted' }

function planText({ file, to, sends, groups = [] }: Publication): string {
  return [`${printable(file)} -> ${printable(to)} (${WORDS[sends]})`, ...(changesKeys(groups) ? groupLines(groups) : []), ''].join('\n')
}

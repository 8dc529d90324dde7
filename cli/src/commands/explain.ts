/**
 * `explain`: which creation rule a path gets and why, for whom it would be encrypted, and which values. Nothing is written, and no key is asked.
 * @module
 */
import { relative, resolve } from 'node:path'
import { CodedError, DEFAULT_SELECTION, displayName, encryptDocument, requiredGroups, storedThreshold, type Format, type Node, type Providers, type Selection } from '@waxseal/core'
import type { Context } from '../context.ts'
import { kindOfFile } from '../files.ts'
import { keyNames, withName, type KeyNames } from '../settings/key-names.ts'
import { leavesOf } from '../documents/leaf-paths.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { ruleFor } from '../settings/rules.ts'
import { findRules, formatOf, inFile, newFileSettings, parsePlainFile, readSource, refuseStdio, type NewFileSettings } from '../documents/secret-file.ts'
import { isFolder } from '../documents/secret-tree.ts'
import { SOPS_VERSION } from '../sops-version.ts'
import { showValuePath } from '../documents/value-path.ts'

interface Explanation {
  readonly file: string
  readonly ruleFile: string
  /** Counted from 1. */
  readonly rule: number
  readonly rules: number
  /** Empty: every path. */
  readonly pathRegex: string
  readonly selects: string
  readonly macOnlyEncrypted: boolean
  readonly groupsNeeded: number
  readonly groups: readonly (readonly { readonly type: string; readonly recipient: string }[])[]
  /** Absent if there is no such file, or if it is encrypted. */
  readonly values?: { readonly encrypted: readonly string[]; readonly clear: readonly string[] }
}

export const explain: NativeAction = async ([file = ''], options, context) => {
  refuseStdio(file)
  if (isFolder(file, context)) throw new CodedError('FILE_IS_DIRECTORY', `${file}: is a directory`)
  const ruleFile = options.text('config')
  const rules = await findRules(context, ruleFile)
  const rule = rules && (await inFile(rules.path, () => ruleFor(rules, resolve(context.cwd, file))))
  if (!rules || !rule) throw new CodedError('CONFIG_NOT_FOUND', 'there is no .sops.yaml with creation rules here or above', { hint: 'waxseal init makes one, or give --config' })
  const format = formatOf(file, options.text('type'))
  const settings = await newFileSettings(context, file, format, { recipients: [], ruleFile })
  const { groups, threshold, selection, macOnlyEncrypted, providers } = settings
  const values = await trial(file, format, settings, context)
  const explanation: Explanation = {
    file,
    ruleFile: rules.path,
    rule: (rules.creationRules ?? []).indexOf(rule) + 1,
    rules: rules.creationRules?.length ?? 0,
    pathRegex: rule.pathRegex,
    selects: selects(selection === undefined ? DEFAULT_SELECTION : selection),
    macOnlyEncrypted,
    groupsNeeded: requiredGroups(groups.length, storedThreshold(groups.length, threshold)),
    groups: groups.map((group) => group.map((ref) => ({ type: ref.type, recipient: displayName(ref, providers) }))),
    ...(values && { values }),
  }
  const below = relative(rules.directory, resolve(context.cwd, file))
  context.stdout.write(options.bool('json') ? `${JSON.stringify(explanation, null, 2)}\n` : text(explanation, below, await keyNames(context)))
  return 0
}

function selects(selection: Selection | null): string {
  if (selection === null) return 'the whole file'
  const { setting, pattern } = selection
  const kind = setting.endsWith('suffix') ? 'end in' : 'match'
  const things = setting.includes('comment') ? `below comments that ${kind}` : `whose keys ${kind}`
  return `${setting.startsWith('encrypted') ? 'values' : 'all values but those'} ${things} ${pattern}`
}

/** Encrypts with keys that wrap nothing. */
async function trial(file: string, format: Format, settings: NewFileSettings, context: Context): Promise<Explanation['values']> {
  if (kindOfFile(resolve(context.cwd, file)) !== 'file') return undefined
  const document = await inFile(file, () => parsePlainFile(format, readSource(context, file)))
  if (document.metadata !== undefined) return undefined
  const providers: Providers = new Map([...settings.providers].map(([type, provider]) => [type, { ...provider, wrap: (_, ref) => Promise.resolve(ref) }]))
  const { edits } = await inFile(file, () => encryptDocument(document, { ...settings, providers, version: SOPS_VERSION, isReservedKey: (key) => format.isReservedKey(key), signal: context.signal }))
  const tokens = new Set<Node>(edits.flatMap((edit) => (edit.do === 'token' ? [edit.node] : [])))
  const leaves = [...leavesOf(document)]
  const pathsOf = (isEncrypted: boolean): string[] => leaves.filter(({ node }) => tokens.has(node) === isEncrypted).map(({ path }) => showValuePath(path))
  return { encrypted: pathsOf(true), clear: pathsOf(false) }
}

function text({ file, ruleFile, rule, rules, pathRegex, selects: selected, macOnlyEncrypted, groupsNeeded, groups, values }: Explanation, below: string, names: KeyNames): string {
  const why = pathRegex === '' ? 'it has no path_regex, so every path matches' : `path_regex ${pathRegex} is found in ${below}`
  const who = groups.flatMap((group, at) => [...(groups.length > 1 ? [`group ${at + 1}`] : []), ...group.map(({ type, recipient }) => `${groups.length > 1 ? '  ' : ''}${withName(recipient, names)} (${type})`)])
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['file', [file]],
    ['rule', [`${rule} of ${rules} in ${ruleFile}: ${why}`]],
    ['encrypts', [selected]],
    ['for', who],
    ...(groups.length > 1 ? [['needs', [`${groupsNeeded} of ${groups.length} groups to be opened`]] as const] : []),
    ...(macOnlyEncrypted ? [['MAC', ['covers the encrypted values only']] as const] : []),
    ...(values ? [['would be', [`${values.encrypted.length} values encrypted, ${values.clear.length} in clear`, ...values.clear.map((path) => `  clear: ${path}`)]] as const] : []),
  ]
  return rows.flatMap(([name, lines]) => lines.map((line, at) => `${(at === 0 ? name : '').padEnd(10)}${printable(line)}\n`)).join('')
}

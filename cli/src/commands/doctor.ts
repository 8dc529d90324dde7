/**
 * `doctor`: whether everything is in place to work with encrypted files here, and what could leak plaintext. Looks only; no key is used and nothing is started.
 * @module
 */
import { statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { CodedError, displayName, groupsOfRule } from '@waxseal/core'
import { ageIdentitySources, ownRecipients } from '../providers/age-identities.ts'
import type { Context } from '../context.ts'
import { editorCommand } from '../ui/editor.ts'
import { kindOfFile, readFileBounded } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { findProgram } from '../process/program-path.ts'
import { nativeProviders } from '../providers/providers.ts'
import { findRules } from '../documents/secret-file.ts'
import { allowedNames } from '../settings/user-config.ts'

interface Finding {
  readonly about: string
  /** `problem`: something will not work or is unsafe; `note`: worth knowing. */
  readonly state: 'good' | 'note' | 'problem'
  readonly text: string
  readonly hint?: string
}

/** Editors that come back at once unless they are told to wait. */
const MUST_WAIT: Readonly<Record<string, string>> = { code: '--wait', codium: '--wait', cursor: '--wait', subl: '--wait', zed: '--wait', atom: '--wait', gedit: '--wait', mate: '--wait', idea: '--wait' }
/** Editors that put copies of the text elsewhere, and what keeps them from it. */
const COPIES: Readonly<Record<string, string>> = {
  vim: "EDITOR=\"vim -c 'set noswapfile nobackup nowritebackup noundofile viminfo='\"",
  vi: 'see :help noswapfile',
  nvim: "EDITOR=\"nvim -c 'set noswapfile nobackup nowritebackup noundofile shada='\"",
}

export const doctor: NativeAction = async (_args, options, context) => {
  const findings = [...(await identities(context)), ...gnupg(context), ...(await rules(context, options.text('config'))), ...git(context), ...editor(context), ...kubectl(context), ...policy(context)]
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
  else for (const { about, state, text, hint } of findings) context.stdout.write(`${state.padEnd(8)} ${about}: ${printable(text)}\n${hint === undefined ? '' : `         hint: ${printable(hint)}\n`}`)
  return findings.some(({ state }) => state === 'problem') ? 1 : 0
}

async function identities(context: Context): Promise<Finding[]> {
  const found: Finding[] = []
  for (const source of ageIdentitySources(context)) {
    const { location, form } = source
    if (location.endsWith('_CMD')) {
      if (context.env[location]) found.push({ about: 'identity', state: 'note', text: `${location} is set; it is run when a file is opened` })
      continue
    }
    try {
      const content = await source.load('')
      if (content === null || content.length === 0) continue
      const path = isAbsolute(location) ? location : context.env[location]
      const count = form === 'ssh' ? 1 : countIdentities(content)
      found.push(count === 0 ? { about: 'identity', state: 'problem', text: `${location} holds no identity`, hint: 'waxseal keygen makes one' } : { about: 'identity', state: 'good', text: `${count} in ${location}` })
      if (path && form !== 'words') found.push(...readableByOthers(resolve(context.cwd, path)))
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      found.push({ about: 'identity', state: 'problem', text: `${location}: ${error.message}`, ...(error.hint !== undefined && { hint: error.hint }) })
    }
  }
  const none: Finding = { about: 'identity', state: 'note', text: 'no age identity: files for age recipients cannot be opened here', hint: 'waxseal keygen -o ~/.config/sops/age/keys.txt, or set SOPS_AGE_KEY_FILE' }
  return found.length > 0 ? found : [none]
}

/** Keys of any kind; protected files count as one. */
function countIdentities(content: Uint8Array | string): number {
  const text = Buffer.from(content).toString('latin1')
  return text.match(/AGE-(?:SECRET-KEY|PLUGIN)-/g)?.length ?? (/^(?:-----BEGIN AGE|age-encryption\.org)/.test(text) ? 1 : 0)
}

function readableByOthers(path: string): Finding[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (process.platform === 'win32' || !stats?.isFile() || (stats.mode & 0o077) === 0) return []
  return [{ about: 'identity', state: 'problem', text: `${path} can be read by others (mode ${(stats.mode & 0o777).toString(8)})`, hint: `chmod 600 ${path}` }]
}

function gnupg(context: Context): Finding[] {
  const name = context.env['SOPS_GPG_EXEC'] || 'gpg'
  const path = findProgram(name, context)
  if (path !== undefined) return [{ about: 'PGP', state: 'good', text: `${path} opens files for PGP keys` }]
  if (context.env['WAXSEAL_PGP_KEY_FILE']) return [{ about: 'PGP', state: 'good', text: 'there is no gpg; the keys of WAXSEAL_PGP_KEY_FILE are used' }]
  return [{ about: 'PGP', state: 'note', text: `there is no program ${name}: files for PGP keys cannot be opened`, hint: 'install GnuPG, or set WAXSEAL_PGP_KEY_FILE' }]
}

async function rules(context: Context, ruleFile: string | undefined): Promise<Finding[]> {
  try {
    const loaded = await findRules(context, ruleFile)
    if (loaded === null) return [{ about: 'rules', state: 'note', text: 'no .sops.yaml here or above', hint: 'waxseal init makes one' }]
    const providers = await nativeProviders(context)
    const own = new Set((await ownRecipients(context)).map(({ recipient }) => recipient))
    const groups = await Promise.all((loaded.creationRules ?? []).map((rule) => groupsOfRule(rule, offline(providers), { now: context.now() }, context.signal)))
    const names = groups.flat(2).map((ref) => displayName(ref, providers))
    const good: Finding = { about: 'rules', state: 'good', text: `${loaded.path}: ${groups.length} creation rule${groups.length === 1 ? '' : 's'}, ${new Set(names).size} recipient${names.length === 1 ? '' : 's'}` }
    const ageOnly = groups.flat(2).length > 0 && groups.flat(2).every(({ type }) => type === 'age')
    if (!ageOnly || own.size === 0 || names.some((name) => own.has(name))) return [good]
    return [good, { about: 'rules', state: 'problem', text: 'no identity here belongs to a recipient of the rules: you could not open what you encrypt', hint: 'add your recipient (waxseal keygen -y FILE prints it)' }]
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return [{ about: 'rules', state: 'problem', text: error.message, ...(error.hint !== undefined && { hint: error.hint }) }]
  }
}

/** Versions of keys are looked up at their service otherwise. */
function offline(providers: Awaited<ReturnType<typeof nativeProviders>>): typeof providers {
  return new Map([...providers].map(([type, provider]) => [type, { ...provider, complete: (ref) => Promise.resolve(ref) }]))
}

function git(context: Context): Finding[] {
  const root = repositoryOf(context.cwd)
  if (root === undefined) return []
  const config = textOf(join(root, '.git', 'config'))
  if (/^\s*cachetextconv\s*=\s*(?:true|yes|on|1)\s*$/im.test(config)) {
    return [{ about: 'git', state: 'problem', text: 'diff.*.cachetextconv stores the plaintext of encrypted files in the repository', hint: 'git config --unset diff.waxseal.cachetextconv, then git update-ref -d refs/notes/textconv/waxseal' }]
  }
  const driver = /diff=(waxseal|sops\w*)/.exec(textOf(join(root, '.gitattributes')))?.[1]
  if (driver === undefined) return [{ about: 'git', state: 'note', text: 'git diff shows ciphertext', hint: 'waxseal init writes a .gitattributes that says how to show plaintext' }]
  const isSet = config.includes(`[diff "${driver}"]`)
  return [isSet ? { about: 'git', state: 'good', text: `git diff shows the plaintext of files with diff=${driver} to those who can open them` } : { about: 'git', state: 'note', text: `.gitattributes names diff=${driver}, which is not set up in this clone`, hint: `git config diff.${driver}.textconv "waxseal decrypt"` }]
}

function repositoryOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (kindOfFile(join(at, '.git')) === 'folder') return at
    if (dirname(at) === at) return undefined
  }
}

function textOf(path: string): string {
  return kindOfFile(path) === 'file' ? Buffer.from(readFileBounded(path)).toString('utf8') : ''
}

function editor(context: Context): Finding[] {
  try {
    const [program, ...words] = editorCommand(context)
    const name = basename(program)
    const wait = MUST_WAIT[name]
    if (wait !== undefined && !words.includes(wait) && !words.includes('-w')) return [{ about: 'editor', state: 'problem', text: `${name} comes back before the text is edited`, hint: `EDITOR="${name} ${wait}"` }]
    const copies = COPIES[name]
    if (copies !== undefined && words.length === 0) return [{ about: 'editor', state: 'note', text: `${name} may keep copies of the plaintext outside the private folder: undo, backup and history files`, hint: copies }]
    return [{ about: 'editor', state: 'good', text: [program, ...words].join(' ') }]
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return [{ about: 'editor', state: 'problem', text: error.message }]
  }
}

function kubectl(context: Context): Finding[] {
  if (findProgram('kubectl', context) === undefined) return []
  return [{ about: 'kubectl', state: 'note', text: 'kubectl apply keeps the plaintext of a Secret in its annotation last-applied-configuration', hint: 'kubectl apply --server-side, or seal it: waxseal seal' }]
}

function policy(context: Context): Finding[] {
  const allowed = allowedNames(context)
  return allowed.length === 0 ? [] : [{ about: 'allowed', state: 'note', text: `keys of files may name: ${allowed.join(', ')}` }]
}

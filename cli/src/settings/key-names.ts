/**
 * What people call keys. In `.sops.yaml` a key's name is the comment behind it, or else its anchor:
 *
 *     - age1...            # alice
 *     - &bob age1...
 *
 * In an age identity file it is the comment above the identity. Names are for reading only: nothing is looked up by them.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { MAX_RULE_FILE_BYTES, searchRuleFile } from './rules.ts'

/** By the key's text in files and rules. */
export type KeyNames = ReadonlyMap<string, string>

const LINE = /^(?:- +)*(?:\w+: +)?(?:&(\S+) +)?(\S.*)$/
const QUOTES = /^["']|["']$/g

/** Of the nearest rule file; none if there is no file to read. */
export function namesInRules(context: Context): KeyNames {
  const { path } = searchRuleFile(context)
  if (path === undefined) return new Map()
  try {
    return namesIn(Buffer.from(readFileBounded(resolve(context.cwd, path), { limitBytes: MAX_RULE_FILE_BYTES })).toString('utf8'))
  } catch (error) {
    if (error instanceof CodedError) return new Map()
    throw error
  }
}

/** Those of the rule file and of this machine's identities. The rule file's count first: everybody knows them. */
export async function keyNames(context: Context): Promise<KeyNames> {
  const { ownRecipients } = await import('../providers/age-identities.ts') // only who asks for these names pays
  const own = (await ownRecipients(context)).filter(({ name }) => name !== '')
  return new Map([...own.map(({ recipient, name }) => [recipient, name] as const), ...namesInRules(context)])
}

/** As a mail's address: `alice <age1...>`. */
export function withName(key: string, names: KeyNames): string {
  const name = names.get(key)
  return name === undefined ? key : `${name} <${key}>`
}

function namesIn(rules: string): KeyNames {
  const names = new Map<string, string>()
  for (const line of rules.split('\n')) {
    const at = line.indexOf(' #')
    const [, anchor = '', value = ''] = LINE.exec((at < 0 ? line : line.slice(0, at)).trim()) ?? []
    const name = (at < 0 ? '' : line.slice(at + 2).trim()) || anchor
    if (name !== '' && value !== '') names.set(value.replaceAll(QUOTES, ''), name)
  }
  return names
}

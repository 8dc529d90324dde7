/**
 * The two files of the user's that AWS's tools share. Files of a repository have no say in them.
 * Follows: docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
 * @module
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'

/** By name; `kms.endpoint_url` for a setting that is nested below `kms`. */
type Section = ReadonlyMap<string, string>

/** What names another file in place of the one in the home folder. */
const VARIABLES = { config: 'AWS_CONFIG_FILE', credentials: 'AWS_SHARED_CREDENTIALS_FILE' } as const

/** Sections by name, with single blanks between words; none where there is no file. @throws CodedError FILE_UNREADABLE */
export function readAwsFile(context: Context, name: keyof typeof VARIABLES): ReadonlyMap<string, Section> {
  const path = resolve(context.cwd, context.env[VARIABLES[name]] || join(context.env['HOME'] || homedir(), '.aws', name))
  try {
    return parseSections(Buffer.from(readFileBounded(path, { name: path })).toString())
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return new Map()
    throw error
  }
}

/** `[section]`, `name = value`, and indented lines below a name without value. */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>()
  let section = new Map<string, string>()
  let parent = ''
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim()
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue
    if (content.startsWith('[')) {
      const name = content.slice(1).split(']', 1)[0] ?? ''
      section = new Map()
      sections.set(name.split(/[ \t]+/).filter((word) => word !== '').join(' '), section)
      continue
    }
    const [name = '', ...rest] = content.split('=')
    const value = rest.join('=').split(/[ \t][#;]/, 1)[0]?.trim() ?? ''
    const isNested = line !== line.trimStart() && parent !== ''
    if (!isNested) parent = value === '' ? name.trim() : ''
    section.set(isNested ? `${parent}.${name.trim()}` : name.trim(), value)
  }
  return sections
}

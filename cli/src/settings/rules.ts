/**
 * Finds and reads the rule file `.sops.yaml`. What it means is core's affair.
 * Follows: getsops/sops config/config.go (LookupConfigFile): the search starts in the working folder, wherever the input lies.
 * @module
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { CodedError, findCreationRule, parseRules, type CreationRule, type RuleFile } from '@waxseal/core'
import type { Context } from '../context.ts'
import { kindOfFile, readFileBounded } from '../files.ts'
import { parsePlainYaml } from './plain-yaml.ts'

const NAME = '.sops.yaml'
const OTHER_NAME = '.sops.yml'
const MAX_LEVELS = 100
export const MAX_RULE_FILE_BYTES = 16 * 1024 * 1024

/** By its name, wherever it is. */
export function isRuleFile(path: string): boolean {
  return basename(path) === NAME
}

export interface LoadedRules extends RuleFile {
  /** As it was found or given, for messages. */
  readonly path: string
  /** Absolute, of the file's folder: path expressions are matched below it. */
  readonly directory: string
}

export interface RuleSearch {
  /** Relative to the working folder; undefined if there is none. */
  readonly path: string | undefined
  /** A file that is called almost right. */
  readonly warning: string | undefined
}

/** The nearest `.sops.yaml` in the working folder or above. */
export function searchRuleFile(context: Context): RuleSearch {
  let folder = '.'
  let other: string | undefined
  for (let level = 0; level < MAX_LEVELS; level++) {
    const path = join(folder, NAME)
    if (exists(resolve(context.cwd, path))) return { path, warning: other && `${ignoring(other)}; using "${path}" instead` }
    const otherPath = join(folder, OTHER_NAME)
    if (other === undefined && exists(resolve(context.cwd, otherPath))) other = otherPath
    if (dirname(resolve(context.cwd, folder)) === resolve(context.cwd, folder)) break
    folder = join(folder, '..')
  }
  return { path: undefined, warning: other && ignoring(other) }
}

function ignoring(path: string): string {
  return `ignoring "${path}" when searching for config file; the config file must be called "${NAME}"`
}

function exists(path: string): boolean {
  try {
    return kindOfFile(path) !== undefined
  } catch {
    return false // a folder that may not be entered
  }
}

/**
 * @param path - as found or given
 * @throws CodedError FILE_*, CONFIG_INVALID
 */
export async function readRuleFile(path: string, context: Context): Promise<LoadedRules> {
  const source = readFileBounded(resolve(context.cwd, path), { limitBytes: MAX_RULE_FILE_BYTES, name: path })
  return { ...parseRules(parsePlainYaml(source)), path, directory: dirname(resolve(context.cwd, path)) }
}

/** Whether files get a layout hint: `waxseal: {layout: canonical}` says no. @throws CodedError CONFIG_INVALID */
export function layoutHintOf({ path, waxseal }: LoadedRules): boolean {
  const { layout } = waxseal
  if (layout === undefined || layout === null) return true
  if (layout === 'canonical') return false
  throw new CodedError('CONFIG_INVALID', `${path}: layout of waxseal is not "canonical"`, { hint: 'leave it out to keep the layout of values' })
}

/**
 * The certificate that `waxseal: {cert: FILE}` pins, relative to the rule file. Not a URL: what is sealed for must stand in the repository.
 * @returns its path, as seen from the working folder; undefined if none is pinned
 * @throws CodedError CONFIG_INVALID
 */
export function pinnedCertificate({ path, waxseal }: LoadedRules): string | undefined {
  const { cert } = waxseal
  if (cert === undefined || cert === null) return undefined
  if (typeof cert === 'string' && cert !== '' && !cert.includes('://')) return isAbsolute(cert) ? cert : join(dirname(path), cert)
  throw new CodedError('CONFIG_INVALID', `${path}: cert of waxseal is not the path of a file`, { hint: 'waxseal cert -o cert.pem fetches one to put there' })
}

/** The rule for a file: null if the rule file has no rules at all. @throws CodedError as `findCreationRule` */
export function ruleFor(rules: LoadedRules, path: string): Promise<CreationRule | null> {
  return findCreationRule(rules, rules.directory, path)
}

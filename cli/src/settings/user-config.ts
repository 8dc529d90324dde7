/**
 * The user's own settings, outside every repository: `waxseal/config.yaml` in the configuration folder.
 * @module
 */
import { isAbsolute, join } from 'node:path'
import { CodedError, isList, isMap, type Plain } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { parsePlainYaml } from './plain-yaml.ts'

/** Undefined where the environment does not tell. */
export function userConfigFolder({ env }: Context): string | undefined {
  if (env['XDG_CONFIG_HOME'] && (process.platform === 'darwin' || process.platform === 'linux')) return env['XDG_CONFIG_HOME']
  if (process.platform === 'win32') return env['AppData']
  if (!env['HOME']) return undefined
  return process.platform === 'darwin' ? join(env['HOME'], 'Library', 'Application Support') : join(env['HOME'], '.config')
}

/**
 * Hosts, roles and programs that the keys of files may name: those of `WAXSEAL_ALLOW`, then those of the list `allow` in the settings.
 * @throws CodedError CONFIG_INVALID, FILE_UNREADABLE
 */
export function allowedNames(context: Context): readonly string[] {
  const named = (context.env['WAXSEAL_ALLOW'] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '')
  return [...named, ...configuredNames(userConfigFolder(context))]
}

function configuredNames(folder: string | undefined): readonly string[] {
  if (folder === undefined || !isAbsolute(folder)) return [] // a relative folder could be the repository's
  const path = join(folder, 'waxseal', 'config.yaml')
  const settings = readSettings(path)
  const allow = isMap(settings) ? settings['allow'] : undefined
  if (allow === undefined || allow === null) return []
  if (isList(allow) && allow.every((name) => typeof name === 'string')) return allow
  throw new CodedError('CONFIG_INVALID', `${path}: allow is not a list of hosts, roles and programs`)
}

function readSettings(path: string): Plain {
  try {
    return parsePlainYaml(readFileBounded(path, { name: path }))
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return null
    throw error
  }
}

/**
 * Where a program is. The working folder may be a repository of somebody else, so it is never looked at by itself.
 * Follows: Go os/exec (LookPath, ErrDot): a name with a slash is a path; others stand in absolute folders of the PATH.
 * @module
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import type { Context } from '../context.ts'

/** Absolute; undefined if there is none that may be run. */
export function findProgram(name: string, { cwd, env }: Pick<Context, 'cwd' | 'env'>): string | undefined {
  const file = process.platform === 'win32' && !/\.\w+$/.test(name) ? `${name}.exe` : name
  const isPath = name.includes('/') || (process.platform === 'win32' && name.includes('\\'))
  const folders = isPath ? [cwd] : (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  return folders.map((folder) => (isPath ? resolve(folder, file) : join(folder, file))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * Running a command as another user: `--user` of `exec-env` and `exec-file`.
 * @module
 */
import { readFileSync } from 'node:fs'
import { SopsError } from './action.ts'

interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

export function userEnvironment(name: string): Readonly<Record<string, string>> {
  if (name === '') return {}
  const user = findUser(name)
  return { HOME: user.home, USER: user.name, LOGNAME: user.name }
}

/** For good: supplementary groups, group and user of this process, in the order in which they can still be changed. */
export function switchUser(name: string): void {
  const { uid, gid } = findUser(name)
  try {
    process.setgroups?.([gid, ...groupsOf(name)])
    process.setgid?.(gid)
    process.setuid?.(uid)
  } catch (cause) {
    throw new SopsError(`cannot become user ${name}: ${(cause as NodeJS.ErrnoException).code}`, 1, cause)
  }
}

function findUser(name: string): User {
  for (const fields of rowsOf('/etc/passwd')) {
    const [login = '', , uid, gid, , home = ''] = fields
    if (login === name || uid === name) return { name: login, uid: Number(uid), gid: Number(gid), home }
  }
  throw new SopsError(`user: unknown user ${name}`, 1)
}

function groupsOf(name: string): number[] {
  return rowsOf('/etc/group')
    .filter((fields) => (fields[3] ?? '').split(',').includes(name))
    .map((fields) => Number(fields[2]))
}

function rowsOf(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

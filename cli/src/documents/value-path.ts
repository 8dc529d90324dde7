/**
 * Paths of values as people type them: `db.password`, `users[0].token`, `["a.b"].c`; SOPS's own `["a"][0]` is one of them.
 * @module
 */
import { CodedError, type TreePath } from '@waxseal/core'

const INDEX = /^\[(\d{1,9})\]/
const QUOTED = /^\[("(?:[^"\\]|\\.)*"|'[^']*')\]/
const NAME = /^[^.[\]]+/

/** @throws CodedError PATH_INVALID */
export function parseValuePath(text: string): TreePath {
  const path: (string | number)[] = []
  let rest = text
  const bad = (): CodedError => new CodedError('PATH_INVALID', `${JSON.stringify(text)} is not a path`, { hint: 'for example db.password, users[0].token or ["a.b"].c' })
  while (rest !== '') {
    const index = INDEX.exec(rest)
    const quoted = QUOTED.exec(rest)
    if (index) path.push(Number(index[1]))
    else if (quoted) path.push(unquote(quoted[1] ?? '', bad))
    else {
      if (path.length > 0) {
        if (!rest.startsWith('.')) throw bad()
        rest = rest.slice(1)
      }
      const name = NAME.exec(rest)
      if (!name) throw bad()
      path.push(name[0])
      rest = rest.slice(name[0].length)
      continue
    }
    rest = rest.slice((index ?? quoted)?.[0].length)
  }
  if (path.length === 0) throw bad()
  return path
}

function unquote(text: string, bad: () => CodedError): string {
  if (text.startsWith("'")) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    throw bad()
  }
}

/** A path as it can be typed again. */
export function showValuePath(path: TreePath): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : /^[^.[\]"']+$/.test(key) ? (i ? `.${key}` : key) : `[${JSON.stringify(key)}]`)).join('')
}

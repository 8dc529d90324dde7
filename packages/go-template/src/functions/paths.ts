/**
 * Slash-separated paths; the `os` forms are those of Linux.
 * Follows: Go path.
 * @module
 */
import { posix } from 'node:path'
import { fn, type GoFunction } from '../signature.ts'

type S = readonly [string]

function clean(path: string): string {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

const base = fn('string', ([path]: S) => (path === '' ? '.' : posix.basename(path) || '/'))
const dir = fn('string', ([path]: S) => clean(path.slice(0, path.lastIndexOf('/') + 1)))
const ext = fn('string', ([path]: S) => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.includes('.') ? name.slice(name.lastIndexOf('.')) : ''
})
const isAbs = fn('string', ([path]: S) => path.startsWith('/'))
const cleaned = fn('string', ([path]: S) => clean(path))

export const PATHS: Readonly<Record<string, GoFunction>> = {
  base,
  dir,
  ext,
  isAbs,
  clean: cleaned,
  osBase: base,
  osDir: dir,
  osExt: ext,
  osIsAbs: isAbs,
  osClean: cleaned,
}

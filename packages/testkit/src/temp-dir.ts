/**
 * A folder of one's own for a test or a demo.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempDir {
  readonly path: string
  /** Removes it with everything inside; a second call does nothing. */
  remove(): void
}

/** Mode 0700, under the system's folder for such things. */
export function tempDir(prefix = 'waxseal-'): TempDir {
  const path = mkdtempSync(join(tmpdir(), prefix))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

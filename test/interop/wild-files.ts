/**
 * YAML and JSON files that nobody here wrote: those that installed packages carry.
 * @module
 */
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../programs.ts'

const MAX_BYTES = 200_000
const MIN_BYTES = 40
const PER_PACKAGE = 8

export interface WildFile {
  readonly path: string
  readonly extension: 'yaml' | 'json'
  readonly source: Buffer
}

/** Folders of the Go modules that the rigs are built from, once they have been brought; empty without Go. */
function goModules(): string[] {
  const run = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', 'all'], { cwd: join(ROOT, 'test', 'rigs'), encoding: 'utf8', env: { ...process.env, GOPROXY: 'off' } })
  return run.status === 0 ? run.stdout.split('\n').filter((folder) => folder !== '') : []
}

function npmPackages(): string[] {
  const store = join(ROOT, 'node_modules', '.pnpm')
  return readdirSync(store, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(store, entry.name))
}

/** At most some of each package, so that none dominates; each content once. */
export function wildFiles(): WildFile[] {
  const seen = new Set<string>()
  const found: WildFile[] = []
  for (const folder of [...npmPackages(), ...goModules()]) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted()
    let taken = 0
    for (const name of names) {
      if (taken >= PER_PACKAGE) break
      const path = join(folder, name)
      const stats = statSync(path, { throwIfNoEntry: false })
      if (!stats?.isFile() || stats.size < MIN_BYTES || stats.size > MAX_BYTES) continue
      const source = readFileSync(path)
      const hash = createHash('sha256').update(source).digest('hex')
      if (seen.has(hash)) continue
      seen.add(hash)
      taken++
      found.push({ path, extension: name.endsWith('.json') ? 'json' : 'yaml', source })
    }
  }
  return found
}

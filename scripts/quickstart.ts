/**
 * `pnpm quickstart`: plays the main job on real files with the programs that were just built.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const run = spawnSync(process.execPath, [join(import.meta.dirname, '..', 'dist', 'bin', 'waxseal'), 'demo'], { stdio: 'inherit' })
process.exitCode = run.status ?? 1

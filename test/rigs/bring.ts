/**
 * `pnpm rigs`: brings every rig that this machine can have, through the ordinary package clients.
 * Exit status 1 if one could not be brought.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { goModuleFolder, isBrought, requirementsOf, RIGS, rigFolder, type Rig } from './rigs.ts'

/** Longer than a rig takes: what hangs must not hold a run for ever. */
const LONGEST_MS = 30 * 60_000

function missingProgram(rig: Rig): string | undefined {
  return rig.needs.find((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined)
}

function bring(rig: Rig): string | undefined {
  if (isBrought(rig)) return undefined
  const missing = missingProgram(rig)
  if (missing) return `${missing} is not on the PATH`
  if (rig.system) return install(rig.system.debianPackage)
  const folder = rigFolder(rig)
  const building = `${folder}.${process.pid}`
  mkdirSync(building, { recursive: true })
  const problem = rig.python ? installPython(building, requirementsOf(rig.python)) : buildGo(building, rig)
  if (problem) {
    rmSync(building, { recursive: true, force: true })
    return problem
  }
  rmSync(folder, { recursive: true, force: true })
  // The scripts of a Python environment hold its path: it stays where it was made.
  if (rig.python) symlinkSync(building, folder)
  else renameSync(building, folder)
  return undefined
}

function buildGo(folder: string, rig: Rig): string | undefined {
  const args = ['-C', goModuleFolder(rig), 'build', '-trimpath', ...(rig.goLinkerFlags === undefined ? [] : ['-ldflags', rig.goLinkerFlags])]
  const failed = rig.goTools?.find((tool) => !runTool('go', [...args, '-o', join(folder, tool.slice(tool.lastIndexOf('/') + 1)), tool]))
  return failed && `go build ${failed} failed`
}

function installPython(folder: string, requirements: string): string | undefined {
  if (!runTool('python3', ['-m', 'venv', folder])) return 'python3 -m venv failed'
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary', ':all:', '-r', requirements]
  return runTool(join(folder, 'bin', 'python'), pip) ? undefined : `pip install -r ${requirements} failed`
}

/** Twice if it must be: a registry can be out of reach for a moment. */
function runTool(program: string, args: readonly string[]): boolean {
  const run = (): boolean => spawnSync(program, args, { cwd: import.meta.dirname, stdio: ['ignore', 'inherit', 'inherit'], timeout: LONGEST_MS }).status === 0
  return run() || run()
}

function install(debianPackage: string): string | undefined {
  for (const args of [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', debianPackage]]) {
    const run = spawnSync('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 'inherit'], timeout: LONGEST_MS })
    if (run.status !== 0) return `apt-get ${args.join(' ')} failed`
  }
  return undefined
}

for (const rig of RIGS) {
  const started = Date.now()
  const problem = bring(rig)
  if (problem) {
    console.log(`rig ${rig.name} (${rig.what}): not brought: ${problem}`)
    process.exitCode = 1
  } else {
    console.log(`rig ${rig.name} (${rig.what}): ready after ${((Date.now() - started) / 1000).toFixed(0)} s`)
  }
}

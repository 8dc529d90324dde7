/**
 * `pnpm rigs`: brings every rig that this machine can have, through the ordinary package clients.
 * Exit status 1 if one could not be brought.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isBrought, RIGS, rigFolder, type Rig } from './rigs.ts'

function missingProgram(rig: Rig): string | undefined {
  return rig.needs.find((program) => spawnSync(program, ['version'], { stdio: 'ignore' }).error !== undefined)
}

function bring(rig: Rig): string | undefined {
  if (isBrought(rig)) return undefined
  const missing = missingProgram(rig)
  if (missing) return `${missing} is not on the PATH`
  if (rig.system) return install(rig.system.debianPackage)
  const folder = rigFolder(rig)
  const building = `${folder}.${process.pid}`
  mkdirSync(building, { recursive: true })
  for (const tool of rig.goTools) {
    const program = tool.slice(tool.lastIndexOf('/') + 1)
    const run = spawnSync('go', ['build', '-trimpath', '-o', join(building, program), tool], { cwd: import.meta.dirname, stdio: ['ignore', 'inherit', 'inherit'] })
    if (run.status !== 0) return `go build ${tool} failed`
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(building, folder)
  return undefined
}

function install(debianPackage: string): string | undefined {
  for (const args of [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', debianPackage]]) {
    const run = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] })
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

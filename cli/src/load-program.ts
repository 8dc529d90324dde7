/**
 * Loads a built program together with its compiled code, which a run of it has left in a folder beside it: only who may change the program can put
 * it there, and where nobody may write, it is compiled each time. Node's own cache holds what is compiled while a file is loaded, this one also the
 * functions that a whole run goes through, which depend on the command: a small run is a sixth shorter. Chunks are left to Node's.
 * @module
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import type { Program } from './program.ts'

export interface BuiltProgram {
  /** Its text is a function of `require`, `module` and `load`, in ASCII. */
  readonly file: string
  /** Of the text: V8 itself compares lengths only. */
  readonly hash: string
  readonly require: NodeJS.Require
  /** Imports what stands beside the program. */
  readonly load: (path: string) => Promise<unknown>
}

type Run = (require: NodeJS.Require, module: { exports: unknown }, load: BuiltProgram['load']) => void

export function loadProgram({ file, hash, require, load }: BuiltProgram): { readonly main: Program } {
  const folder = join(dirname(file), 'cache')
  enableCompileCache(folder)
  const compiled = join(folder, `${hash}-${process.version}-${process.arch}`, commandWord())
  const cachedData = readCompiled(compiled)
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) })
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.once('exit', (status) => {
      if (status === 0) keepCompiled(compiled, script) // so no words but real commands get a file
    })
  }
  const module: { exports: unknown } = { exports: {} }
  const run = script.runInThisContext() as Run
  run(require, module, load)
  return module.exports as { readonly main: Program }
}

/** The first argument that is no name of a program, if it looks like a command or a flag. */
function commandWord(): string {
  const word = process.argv.slice(2).find((argument) => argument !== 'sops' && argument !== 'kubeseal') ?? ''
  return /^-{0,2}[a-z][a-z-]{0,30}$/.test(word) ? word : 'other'
}

function readCompiled(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function keepCompiled(path: string, script: Script): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    process.getBuiltinModule('node:v8').setFlagsFromString('--turbofan') // as at the start (optimizer.ts): compiled code is good for the same flags only
    const whole = `${path}.${process.pid}` // others may read at any moment, and V8 has no checksum: not before all of it is on the disk
    writeFileSync(whole, script.createCachedData(), { flag: 'wx', flush: true })
    renameSync(whole, path)
  } catch {
    // the next run compiles, too
  }
}

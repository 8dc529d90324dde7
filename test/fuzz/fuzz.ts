/**
 * One parser in a process of its own, watched: an input that takes too long, too much memory or the process with it is a failure like any other.
 * A thread would take the whole test run with it.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job, Report } from './worker.ts'

/** For one input of at most 64 KiB. */
const HANGS_AFTER_MS = 20_000
const MAX_HEAP_MB = 768
/** In place of an input's number: the process is still starting, which takes as long as the machine lets it. */
const NONE_YET = 0xffff_ffff

export async function fuzz(wanted: Omit<Job, 'progress'>): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const progress = join(folder, 'input')
  writeFileSync(progress, Uint32Array.of(NONE_YET))
  const current = (): number => readFileSync(progress).readUInt32LE()
  const job: Job = { ...wanted, progress }
  const child = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(job)], {
    execArgv: [`--max-old-space-size=${MAX_HEAP_MB}`], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let report: Report | undefined
  child.on('message', (message) => (report = message as Report))
  let hangs = false
  let [seen, since] = [NONE_YET, performance.now()]
  const watch = setInterval(() => {
    const input = current()
    if (input !== seen || input === NONE_YET) [seen, since] = [input, performance.now()]
    else if (performance.now() - since > HANGS_AFTER_MS) hangs = child.kill('SIGKILL')
  }, 500)
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    const last = current()
    const input = last === NONE_YET ? 0 : last
    const what = hangs ? `still running after ${HANGS_AFTER_MS / 1000} s` : `the process ended with ${signal ?? `status ${status}`}`
    return report ?? { inputs: input + 1, accepted: 0, failure: { input, what } }
  } finally {
    clearInterval(watch)
    rmSync(folder, { recursive: true })
  }
}

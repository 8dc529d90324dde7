/**
 * One parser in a thread of its own, watched: an input that takes too long or too much memory is a failure like any other.
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { Job, Report } from './worker.ts'

/** For one input of at most 64 KiB. */
const HANGS_AFTER_MS = 20_000
const MAX_HEAP_MB = 768

export interface FuzzRequest {
  readonly target: string
  readonly seed: number
  readonly milliseconds: number
  /** The first input. */
  readonly from?: number
  readonly count?: number
}

export function fuzz({ target, seed, milliseconds, from = 0, count = Infinity }: FuzzRequest): Promise<Report> {
  const progress = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const current = new Int32Array(progress)
  Atomics.store(current, 0, from)
  const job: Job = { target, seed, from, count, milliseconds, progress }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: job, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } })
  return new Promise((resolve, reject) => {
    let seen = -1
    let since = performance.now()
    const fail = (what: string): void => {
      const input = Atomics.load(current, 0)
      resolve({ inputs: input - from + 1, accepted: 0, failure: { input, what } })
    }
    const watch = setInterval(() => {
      const input = Atomics.load(current, 0)
      if (input !== seen) [seen, since] = [input, performance.now()]
      else if (performance.now() - since > HANGS_AFTER_MS) {
        void worker.terminate()
        fail(`still running after ${HANGS_AFTER_MS / 1000} s`)
      }
    }, 500)
    worker.on('message', resolve)
    worker.on('error', (error: Error & { readonly code?: string }) => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? fail(`more than ${MAX_HEAP_MB} MB`) : reject(error)))
    worker.on('exit', () => clearInterval(watch))
  })
}

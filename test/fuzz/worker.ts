/**
 * Runs one parser over its inputs until it is told to stop or something does not hold.
 * The number of the input under way stands in shared memory, so that the main thread knows what hangs.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import { CodedError } from '@waxseal/core'
import { inputOf, Random } from './mutate.ts'
import { SECRET, TARGETS, type Target } from './targets.ts'

export interface Job {
  readonly target: string
  readonly seed: number
  readonly from: number
  readonly count: number
  readonly milliseconds: number
  readonly progress: SharedArrayBuffer
}

export interface Report {
  /** Inputs run. */
  readonly inputs: number
  readonly accepted: number
  readonly failure: { readonly input: number; readonly what: string } | undefined
}

/** @returns what does not hold; null if the input was accepted, undefined if it was refused */
export async function verdict(target: Target, input: Buffer): Promise<string | null | undefined> {
  try {
    await target.accept(input)
    return null
  } catch (error) {
    if (!(error instanceof CodedError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
    const shown = [error.message, error.hint ?? ''].join(' ').replaceAll(error.path ?? '\0', '')
    return shown.includes(SECRET) ? `an error shows a value: ${shown}` : undefined
  }
}

export function inputNumber(target: Target, seed: number, number: number): Buffer {
  return inputOf(target.seeds, new Random(seed, TARGETS.indexOf(target), number))
}

async function work({ target: name, seed, from, count, milliseconds, progress }: Job): Promise<Report> {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new RangeError(`no parser is called ${name}`)
  const current = new Int32Array(progress)
  const end = performance.now() + milliseconds
  let accepted = 0
  let number = from
  for (; number < from + count && performance.now() < end; number += 1) {
    Atomics.store(current, 0, number)
    const outcome = await verdict(target, inputNumber(target, seed, number))
    if (outcome === null) accepted += 1
    else if (outcome !== undefined) return { inputs: number - from + 1, accepted, failure: { input: number, what: outcome } }
  }
  return { inputs: number - from, accepted, failure: undefined }
}

if (parentPort !== null) parentPort.postMessage(await work(workerData as Job)) // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread, not a window

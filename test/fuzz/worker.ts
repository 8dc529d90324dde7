/**
 * Runs one parser over its inputs until the time is over or something does not hold: `node worker.ts '{"target":"yaml",...}'`, with a channel
 * to report to. The number of the input under way stands in a file, so that the parent knows what hangs.
 * @module
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { CodedError } from '@waxseal/core'
import { inputOf, Random } from './mutate.ts'
import { SECRET, TARGETS, type Target } from './targets.ts'

/** However slow the machine is. */
const LEAST_INPUTS = 30

export interface Job {
  readonly target: string
  readonly seed: number
  readonly milliseconds: number
  /** Not more than so many inputs. */
  readonly inputs?: number | undefined
  /** A file, for the number of the input under way: 4 bytes, little-endian. */
  readonly progress: string
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

async function work({ target: name, seed, milliseconds, inputs = Infinity, progress }: Job): Promise<Report> {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new RangeError(`no parser is called ${name}`)
  const file = openSync(progress, 'r+')
  const end = performance.now() + milliseconds
  let accepted = 0
  let number = 0
  for (; (performance.now() < end || number < LEAST_INPUTS) && number < inputs; number += 1) {
    writeSync(file, Uint32Array.of(number), 0, Uint32Array.BYTES_PER_ELEMENT, 0)
    const outcome = await verdict(target, inputNumber(target, seed, number))
    if (outcome === null) accepted += 1
    else if (outcome !== undefined) return { inputs: number + 1, accepted, failure: { input: number, what: outcome } }
  }
  closeSync(file)
  return { inputs: number, accepted, failure: undefined }
}

if (import.meta.main) {
  const report = await work(JSON.parse(process.argv[2] ?? '') as Job)
  process.send?.(report, () => process.exit()) // a controller would go on for ever
}

/**
 * How a file's key groups will change, as `updatekeys` shows it, and the question that follows.
 * @module
 */
import { type Context, wantsColour } from '../context.ts'
import type { GroupDiff } from '../keys/group-diff.ts'
import { SopsError } from './action.ts'

const GREEN = 32
const RED = 31
const UNDERLINE = 4

export function printThresholdDiff(before: number, after: number, context: Context): void {
  const paint = painter(context)
  if (before > 0 && before === after) return context.stdout.write(`shamir_threshold: ${after}\n`)
  if (after > 0) context.stdout.write(paint(`+++ shamir_threshold: ${after}\n`, GREEN))
  if (before > 0) context.stdout.write(paint(`--- shamir_threshold: ${before}\n`, RED))
}

export function printGroupDiffs(diffs: readonly GroupDiff[], context: Context): void {
  const paint = painter(context)
  for (const [at, { kept, added, removed }] of diffs.entries()) {
    context.stdout.write(paint(`Group ${at + 1}\n`, UNDERLINE))
    for (const name of kept) context.stdout.write(`    ${name}\n`)
    for (const name of added) context.stdout.write(paint(`+++ ${name}\n`, GREEN))
    for (const name of removed) context.stdout.write(paint(`--- ${name}\n`, RED))
  }
}

function painter(context: Context): (text: string, code: number) => string {
  return wantsColour(context) ? (text, code) => `\u001B[${code}m${text}\u001B[0m` : (text) => text
}

/** Asks until the answer is exactly `y` or `n`. @throws SopsError at an empty line or the end of the input */
export async function confirm(question: string, { stdin, stdout }: Context): Promise<boolean> {
  for (;;) {
    stdout.write(question)
    const line = await stdin.readLine()
    if (line === null) throw new SopsError('EOF', 1)
    const words = line.split(/\s/).filter((word) => word !== '')
    if (words.length === 0) throw new SopsError('unexpected newline', 1)
    if (words.length > 1) throw new SopsError('expected newline', 1)
    if (words[0] === 'y' || words[0] === 'n') return words[0] === 'y'
  }
}

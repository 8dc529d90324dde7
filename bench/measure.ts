/**
 * What one run of a program costs, from the operating system's own accounts.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

export interface Cost {
  /** User and system time of the program and its children. */
  readonly cpuMs: number
  readonly wallMs: number
  /** The largest resident set of any of its processes. */
  readonly peakMib: number
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** File that it reads as standard input. Absent: it has none. */
  readonly stdin?: string
}

/**
 * A process learns what its ended children cost as a sum only, so each run gets a parent of its own.
 * @param output - file for what it prints
 */
export function measure({ program, args, stdin }: Command, output: string, { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }): Cost {
  const input = stdin === undefined ? ('ignore' as const) : openSync(join(cwd, stdin), 'r')
  const run = spawnSync('python3', [join(import.meta.dirname, 'cost.py'), output, program, ...args], { env, cwd, stdio: [input, 'pipe', 'pipe'] })
  if (typeof input === 'number') closeSync(input)
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${run.status}: ${run.stderr.toString().slice(0, 300)}`)
  return JSON.parse(run.stdout.toString()) as Cost
}

export function medianOf(costs: readonly Cost[]): Cost {
  const median = (of: (cost: Cost) => number): number => costs.map(of).toSorted((a, b) => a - b)[costs.length >> 1]!
  return { cpuMs: median(({ cpuMs }) => cpuMs), wallMs: median(({ wallMs }) => wallMs), peakMib: median(({ peakMib }) => peakMib) }
}

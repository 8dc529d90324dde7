/**
 * Asking a person, on the terminal itself: standard input may be a pipe.
 * @module
 */
import { openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { CodedError } from '@waxseal/core'
import type { Context } from './context.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** How long the terminal must be quiet after the answer: what follows at once was pasted with it. */
const QUIET_MS = 50

/**
 * Asks without echo, for one line. What is pasted behind that line is taken from the terminal and refused: the shell would run it.
 * @param instead - hint for where there is no terminal
 * @throws CodedError USAGE without a terminal, CANCELED on Ctrl+C and signals, SET_VALUE_INVALID for several lines
 */
export async function askHidden(question: string, context: Context, instead: string): Promise<string> {
  let terminal: ReadStream
  try {
    terminal = new ReadStream(openSync('/dev/tty', 'r+'))
  } catch (cause) {
    throw new CodedError('USAGE', 'there is no terminal to ask on', { hint: instead, cause })
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const cancel = (): void => reject(new CodedError('CANCELED', 'canceled'))
  for (const signal of SIGNALS) process.on(signal, cancel)
  context.stderr.write(question)
  try {
    terminal.setRawMode(true)
    readLine(terminal, { resolve, reject, cancel })
    return await promise
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    for (const signal of SIGNALS) process.off(signal, cancel)
    context.stderr.write('\n')
  }
}

interface Ends {
  readonly resolve: (answer: string) => void
  readonly reject: (error: CodedError) => void
  readonly cancel: () => void
}

function readLine(terminal: ReadStream, { resolve, reject, cancel }: Ends): void {
  let characters: string[] = []
  let isComplete = false
  let hasMore = false
  let quiet: NodeJS.Timeout | undefined
  const settle = (): void => {
    if (hasMore) reject(new CodedError('SET_VALUE_INVALID', 'the answer has more than one line', { hint: 'use --file for a value of several lines' }))
    else resolve(characters.join(''))
  }
  terminal.setEncoding('utf8')
  terminal.on('error', () => reject(new CodedError('FILE_UNREADABLE', 'cannot read from the terminal')))
  terminal.on('end', cancel)
  terminal.on('data', (chunk: string) => {
    for (const char of chunk) {
      if (char === CTRL_C || (char === CTRL_D && characters.length === 0 && !isComplete)) return cancel()
      if (char === '\r' || char === '\n' || char === CTRL_D) isComplete = true
      else if (isComplete) hasMore = true
      else if (char === '\u007f' || char === '\b') characters.pop()
      else if (char === CTRL_U) characters = []
      else characters.push(char)
    }
    if (!isComplete) return
    clearTimeout(quiet)
    quiet = setTimeout(settle, QUIET_MS)
  })
}

/**
 * Asking a person, on the terminal itself: standard input may be a pipe, and standard error a file. One question at a time.
 * @module
 */
import { openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { CodedError } from '@waxseal/core'
import { hideProgress } from './progress.ts'
import { ENDING_SIGNALS } from '../signals.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'
/** How long the terminal must be quiet after the answer: what follows at once was pasted with it. */
const QUIET_MS = 50

/**
 * Asks without echo, for one line. What is pasted behind that line is taken from the terminal and refused: the shell would run it.
 * @param instead - hint for where there is no terminal
 * @throws CodedError USAGE without a terminal, CANCELED on Ctrl+C and signals, SET_VALUE_INVALID for several lines
 */
export function askHidden(question: string, instead: string): Promise<string> {
  return inTurn(() => onTerminal(question, instead, (terminal, _, ends) => readLine(terminal, () => {}, ends)))
}

/** Asks for one line that may be seen. @throws CodedError as `askHidden` does */
export function askVisible(question: string, instead: string): Promise<string> {
  return inTurn(() => onTerminal(question, instead, readLine))
}

/** Waits for one of these keys; others do nothing. @throws CodedError USAGE, CANCELED */
export function askKey(question: string, keys: readonly string[], instead: string): Promise<string> {
  return inTurn(() => onTerminal(question, instead, (terminal, _, { resolve, cancel }) => {
    terminal.on('data', (chunk: string) => {
      for (const key of chunk) {
        if (key === CTRL_C || key === CTRL_D) return cancel()
        if (keys.includes(key)) return resolve(key)
      }
    })
  }))
}

let turn: Promise<unknown> = Promise.resolve()

function inTurn(ask: () => Promise<string>): Promise<string> {
  const mine = turn.then(ask)
  turn = mine.catch(() => {})
  return mine
}

interface Ends {
  readonly resolve: (answer: string) => void
  readonly reject: (error: CodedError) => void
  readonly cancel: () => void
}

type Echo = (text: string) => void

async function onTerminal(question: string, instead: string, listen: (terminal: ReadStream, echo: Echo, ends: Ends) => void): Promise<string> {
  let fd: number
  let terminal: ReadStream
  try {
    fd = openSync('/dev/tty', 'r+')
    terminal = new ReadStream(fd)
  } catch (cause) {
    throw new CodedError('USAGE', 'there is no terminal to ask on', { hint: instead, cause })
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const cancel = (): void => reject(new CodedError('CANCELED', 'canceled'))
  const echo = (text: string): void => void writeSync(fd, text)
  const showProgress = hideProgress()
  for (const signal of ENDING_SIGNALS) process.on(signal, cancel)
  try {
    terminal.setRawMode(true) // before anybody is asked, who may type at once
    echo(question)
    terminal.setEncoding('utf8')
    terminal.on('error', () => reject(new CodedError('FILE_UNREADABLE', 'cannot read from the terminal')))
    terminal.on('end', cancel)
    listen(terminal, echo, { resolve, reject, cancel })
    return await promise
  } finally {
    terminal.setRawMode(false)
    echo('\n')
    terminal.destroy()
    showProgress()
    for (const signal of ENDING_SIGNALS) process.off(signal, cancel)
  }
}

function readLine(terminal: ReadStream, echo: Echo, { resolve, reject, cancel }: Ends): void {
  const characters: string[] = []
  let isComplete = false
  let hasMore = false
  let quiet: NodeJS.Timeout | undefined
  const drop = (count: number): void => {
    const gone = characters.splice(characters.length - Math.min(count, characters.length))
    echo('\b \b'.repeat(gone.length))
  }
  const settle = (): void => {
    if (hasMore) reject(new CodedError('SET_VALUE_INVALID', 'the answer has more than one line', { hint: 'use --file for a value of several lines' }))
    else resolve(characters.join(''))
  }
  terminal.on('data', (chunk: string) => {
    for (const char of chunk) {
      if (char === CTRL_C || (char === CTRL_D && characters.length === 0 && !isComplete)) return cancel()
      if (char === '\r' || char === '\n' || char === CTRL_D) isComplete = true
      else if (isComplete) hasMore = true
      else if (char === '\u007f' || char === '\b') drop(1)
      else if (char === CTRL_U) drop(characters.length)
      else {
        characters.push(char)
        echo(char)
      }
    }
    if (!isComplete) return
    clearTimeout(quiet)
    quiet = setTimeout(settle, QUIET_MS)
  })
}

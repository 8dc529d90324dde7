/**
 * Asking a person, on the terminal itself: standard input may be a pipe.
 * @module
 */
import { closeSync, openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { CodedError } from '@waxseal/core'
import type { Context } from './context.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'

/** Asks without echo. @throws CodedError USAGE without a terminal, CANCELED on Ctrl+C */
export async function askHidden(question: string, context: Context): Promise<string> {
  let fd: number
  try {
    fd = openSync('/dev/tty', 'r+')
  } catch {
    throw new CodedError('USAGE', 'there is no terminal to ask on', { hint: 'use --stdin or --file' })
  }
  const terminal = new ReadStream(fd)
  context.stderr.write(question)
  terminal.setRawMode(true)
  terminal.setEncoding('utf8')
  try {
    return await new Promise<string>((resolve, reject) => {
      let answer = ''
      terminal.on('error', () => reject(new CodedError('FILE_UNREADABLE', 'cannot read from the terminal')))
      terminal.on('data', (chunk: string) => {
        for (const char of chunk) {
          if (char === CTRL_C) return reject(new CodedError('CANCELED', 'canceled'))
          if (char === '\r' || char === '\n' || char === CTRL_D) return resolve(answer)
          answer = char === '\u007f' || char === '\b' ? Array.from(answer).slice(0, -1).join('') : answer + char
        }
      })
    })
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    context.stderr.write('\n')
    try {
      closeSync(fd)
    } catch {
      // the stream has closed it
    }
  }
}

/**
 * Log lines as logrus writes them, under a logger's name: `[NAME]`, a tab, then `time="..." level=... msg="..." key=value`;
 * on a terminal `WARN[0000] message key=value`.
 * @module
 */
import type { Context } from '../context.ts'
import { wantsColour } from '../context.ts'
import { quote } from './flags.ts'

const LEVELS = { debug: 0, info: 1, warning: 2, error: 3, fatal: 4 } as const
export type Level = keyof typeof LEVELS

const SHORT: Readonly<Record<Level, string>> = { debug: 'DEBU', info: 'INFO', warning: 'WARN', error: 'ERRO', fatal: 'FATA' }
const COLOUR: Readonly<Record<Level, number>> = { debug: 37, info: 36, warning: 33, error: 31, fatal: 31 }
const BARE = /^[A-Za-z0-9\-._/@^+]+$/
const MESSAGE_COLUMNS = 44

export class Log {
  readonly #context: Context
  readonly #started: number
  #threshold: Level = 'warning'

  constructor(context: Context) {
    this.#context = context
    this.#started = context.now().getTime()
  }

  /** From now on everything is written. */
  beVerbose(): void {
    this.#threshold = 'debug'
  }

  get isVerbose(): boolean {
    return this.#threshold === 'debug'
  }

  write(level: Level, message: string, fields: Readonly<Record<string, string>> = {}, logger = 'CMD'): void {
    if (LEVELS[level] < LEVELS[this.#threshold]) return
    const { stderr, now } = this.#context
    const name = wantsColour(this.#context) ? `\u001B[1m[${logger}]\u001B[22m` : `[${logger}]`
    const date = now()
    stderr.write(`${name}\t ${stderr.isTerminal ? this.#forTerminal(date, level, message, fields) : forFile(date, level, message, fields)}\n`)
  }

  warn(message: string, fields?: Readonly<Record<string, string>>, logger?: string): void {
    this.write('warning', message, fields, logger)
  }

  #forTerminal(date: Date, level: Level, message: string, fields: Readonly<Record<string, string>>): string {
    const seconds = Math.floor((date.getTime() - this.#started) / 1000)
    const paint = (text: string): string => `\u001B[${COLOUR[level]}m${text}\u001B[0m`
    const start = `${paint(SHORT[level])}[${String(seconds).padStart(4, '0')}] ${message.padEnd(MESSAGE_COLUMNS)} `
    return start + Object.entries(fields).map(([key, value]) => ` ${paint(key)}=${logValue(value)}`).join('')
  }
}

function forFile(date: Date, level: Level, message: string, fields: Readonly<Record<string, string>>): string {
  const all = { time: localTime(date), level, msg: message, ...fields }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${key === 'time' ? quote(value) : logValue(value)}`)
    .join(' ')
}

function logValue(text: string): string {
  return BARE.test(text) ? text : quote(text)
}

/** RFC 3339 to the second in the local zone. */
function localTime(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, 19)
  if (minutes === 0) return `${local}Z`
  const two = (n: number): string => String(n).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** `2026/01/02 03:04:05`, as the lines about progress begin. */
export function progressTime(date: Date): string {
  return localTime(date).slice(0, 19).replaceAll('-', '/').replace('T', ' ')
}

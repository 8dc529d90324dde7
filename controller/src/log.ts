/**
 * Log lines as Go's slog writes them: `time=... level=INFO msg="Updating" key=ns/name`, or JSON.
 * Facts are names, numbers and messages that were made for people; never an object, a body or a value.
 * @module
 */
import { KubeError } from '@waxseal/kube'
import { CodedError } from '@waxseal/core'

const LEVELS: Readonly<Record<string, number>> = { DEBUG: -4, INFO: 0, WARN: 4, ERROR: 8 }
type Level = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'

export type Facts = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  debug(message: string, facts?: Facts): void
  info(message: string, facts?: Facts): void
  warn(message: string, facts?: Facts): void
  error(message: string, facts?: Facts): void
}

export interface LogOptions {
  /** A level's name, with an offset if wanted (`INFO+2`); anything else means INFO. */
  readonly level: string
  readonly format: string
  readonly infoToStdout: boolean
  readonly now?: () => Date
  readonly stdout: (line: string) => void
  readonly stderr: (line: string) => void
}

export function createLog(options: LogOptions): Log {
  const { format, infoToStdout, now = () => new Date(), stdout, stderr } = options
  const lowest = parseLevel(options.level)
  const render = format === 'json' ? jsonLine : textLine
  const write = (level: Level) => (message: string, facts: Facts = {}) => {
    if ((LEVELS[level] ?? 0) < lowest) return
    const out = infoToStdout && (level === 'DEBUG' || level === 'INFO') ? stdout : stderr
    const present = Object.entries(facts).filter(([, value]) => value !== undefined)
    out(render([['time', now().toISOString()], ['level', level], ['msg', message], ...present]))
  }
  return { debug: write('DEBUG'), info: write('INFO'), warn: write('WARN'), error: write('ERROR') }
}

/** What may be said of a failure: the text of errors that are made for people, the mere kind of others. */
export function describe(error: unknown): string {
  if (error instanceof CodedError || error instanceof KubeError) return error.message
  return error instanceof Error ? `unexpected ${error.name}` : 'unexpected failure'
}

function parseLevel(text: string): number {
  const [, name = '', offset = '0'] = /^([a-z]+)([+-]\d{1,3})?$/i.exec(text) ?? []
  const base = LEVELS[name.toUpperCase()]
  return base === undefined ? 0 : base + Number(offset)
}

type Entry = readonly [string, string | number | boolean | undefined]

function jsonLine(entries: readonly Entry[]): string {
  return `${JSON.stringify(Object.fromEntries(entries))}\n`
}

function textLine(entries: readonly Entry[]): string {
  return `${entries.map(([name, value]) => `${name}=${quoteIfNeeded(String(value))}`).join(' ')}\n`
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=\p{C}\p{Z}]+$/u.test(text) ? text : JSON.stringify(text)
}

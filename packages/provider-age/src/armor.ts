/**
 * age's armor: PEM with the label "AGE ENCRYPTED FILE", 64 columns, strict Base64.
 * Follows: C2SP age.md (ASCII armor). Blanks and line breaks around it and CRLF are tolerated; other white space is damage.
 * @module
 */
import { CodedError } from '@waxseal/core'

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
const END = '-----END AGE ENCRYPTED FILE-----'
const COLUMNS = 64
const BLANKS = new Set(' \t\r\n')

/** @returns armored text, ending in a newline */
export function armor(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString('base64')
  const lines = [BEGIN]
  for (let i = 0; i < base64.length; i += COLUMNS) lines.push(base64.slice(i, i + COLUMNS))
  return `${lines.join('\n')}\n${END}\n`
}

/** @throws CodedError METADATA_INVALID */
export function dearmor(text: string): Buffer {
  const bad = (what: string): CodedError => new CodedError('METADATA_INVALID', `invalid armor: ${what}`)
  const trimmed = withoutBlanks(text)
  if (trimmed === '') throw bad('unexpected EOF')
  const lines = trimmed.split(/\r?\n/)
  if (lines[0] !== BEGIN) throw bad('no opening line')
  if (lines.at(-1) !== END || lines.length < 2) throw bad('no closing line')
  const body = lines.slice(1, -1)
  for (const [i, line] of body.entries()) {
    const last = i === body.length - 1
    if (last ? line.length === 0 || line.length > COLUMNS : line.length !== COLUMNS) throw bad('wrong line length')
  }
  const base64 = body.join('')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw bad('not canonical Base64')
  return bytes
}

function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && BLANKS.has(text.charAt(start))) start += 1
  while (end > start && BLANKS.has(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/**
 * PEM blocks in a text that may hold anything else between them.
 * Follows: RFC 7468 2, as lax as Go's encoding/pem: broken blocks are passed over.
 * @module
 */
import { decodeBase64 } from '@waxseal/core'

export interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly der: Buffer
}

const BEGIN = '-----BEGIN '
const END = '-----END '
const DASHES = '-----'
const LINE_CHARS = 64

export function* pemBlocks(text: string): Generator<PemBlock> {
  const lines = text.split('\n').map((line) => line.trimEnd())
  let end = -1
  for (let at = 0; at < lines.length; at++) {
    const type = typeOf(lines[at] ?? '')
    if (type === undefined) continue
    if (end <= at) end = lines.findIndex((line, place) => place > at && line.startsWith(END))
    if (end < 0) return
    if (lines[end] !== `${END}${type}${DASHES}`) continue
    const content = lines.slice(at + 1, end)
    const firstOfBody = content.findIndex((line) => !line.includes(':'))
    const body = content.slice(Math.max(firstOfBody, 0)).join('').replaceAll(/[ \t]/g, '')
    const der = decodeBase64(body)
    if (der === null) continue
    yield { type, hasHeaders: firstOfBody > 0, der }
    at = end
  }
}

function typeOf(line: string): string | undefined {
  if (!line.startsWith(BEGIN) || !line.endsWith(DASHES) || line.length < BEGIN.length + DASHES.length) return undefined
  return line.slice(BEGIN.length, -DASHES.length)
}

export function toPem(type: string, der: Uint8Array): string {
  const text = Buffer.from(der).toString('base64')
  const lines: string[] = []
  for (let at = 0; at < text.length; at += LINE_CHARS) lines.push(text.slice(at, at + LINE_CHARS))
  return `${BEGIN}${type}${DASHES}\n${lines.join('\n')}\n${END}${type}${DASHES}\n`
}

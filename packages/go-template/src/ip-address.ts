/**
 * IP addresses as bytes, without Node's network module: this package does no I/O.
 * Follows: RFC 4291 2.2 (forms of IPv6 addresses).
 * @module
 */

function ipv4(text: string): number[] | undefined {
  const parts = text.split('.')
  const bytes = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256))
  return parts.length === 4 && bytes.every((byte) => byte < 256) ? bytes : undefined
}

/** @returns 4 or 16 bytes; undefined for what is no address */
export function ipBytes(text: string): Buffer | undefined {
  if (!text.includes(':')) {
    const bytes = ipv4(text)
    return bytes && Buffer.from(bytes)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const groups = (words: readonly string[], last: boolean): number[] | undefined => {
    const bytes: number[] = []
    for (const [i, word] of words.entries()) {
      const embedded = last && i === words.length - 1 ? ipv4(word) : undefined
      if (embedded) bytes.push(...embedded)
      else if (/^[0-9a-fA-F]{1,4}$/.test(word)) bytes.push(parseInt(word, 16) >> 8, parseInt(word, 16) & 255)
      else return undefined
    }
    return bytes
  }
  const head = groups(left, right === undefined)
  const tail = groups(right ?? [], true)
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  if (right === undefined ? missing !== 0 : missing < 2) return undefined
  return Buffer.from([...head, ...Array.from({ length: missing }, () => 0), ...tail])
}

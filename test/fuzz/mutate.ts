/**
 * Inputs for parsers: recorded texts with bytes, lines, tokens and structure changed. The same for the same seed and number.
 * @module
 */

/** The longest input. */
const MAX_BYTES = 64 * 1024
const MAX_MUTATIONS = 6
const BYTES = Buffer.from('\n\r\t "\'`:#-?[]{},&*!|>%@\\=;~.0129aez_+/<$()^\0\x1b\x7f\x80\xc3\xe2\xed\xf0\xff', 'latin1')
/** Pieces that mean something to one of the parsers. */
const PIECES = [
  '\n', '\r\n', '\ufeff', '\u2028', '\u0085', '😀', '\ud7ff', '- ', '? ', ': ', ':\n', '---\n', '...\n', '--- ', '%YAML 1.1\n', '%TAG ! x\n', '# c\n', ' #c', '&a ', '*a', '<<: ', '<<: *a\n', '!!binary ', '!!int ', '!!str ', '!x ',
  '|', '>', '|2-', '>+', '{', '}', '[', ']', '{}', '[]', '"', "'", '""', "''", '"\\u0000"', '\\ud800', '\\x', '\\\n', 'null', 'true', '1e400', '-0', '0x1F', '.inf', '1_0', '2024-01-01', '9223372036854775808', '<>',
  'ENC[AES256_GCM,data:', ',iv:', ',tag:', ',type:', ',type:comment]', ']', 'sops:', '"sops": {', 'sops_', '[sops]\n', 'mac', 'lastmodified', '__map_', '__list_0', '__list_99999999999999999999', 'key_groups', 'shamir_threshold', 'encrypted_regex',
  '=', ' = ', ';', '; c\n', '"""', '`', '\\', '[a]\n', '[]\n', '-> X25519 ', '-----BEGIN AGE ENCRYPTED FILE-----\n', '-----END AGE ENCRYPTED FILE-----', 'age1', 'AGE-SECRET-KEY-1', '--- ', '(', ')', '*', '+', '{9999}', '\\p{L}', '(?:', '|', '__proto__', 'constructor',
  '{{', '}}', '{{- ', '.password', '$x := ', 'range ', 'index ', 'printf "%d%v" ', ' | fail', ' | ', 'until 99999999', 'repeat 999999999 ', 'template "t" .', 'define "t"', 'sealedsecrets.bitnami.com/cluster-wide', '"annotations": null', '"data": {"x": 1}',
]

/** Mulberry32: small, and good enough to pick what to break. */
export class Random {
  #state: number

  constructor(...seeds: readonly number[]) {
    this.#state = seeds.reduce((state, seed) => Math.imul(state ^ seed, 0x9e3779b1) >>> 0, 0x85ebca6b)
  }

  /** From 0 to `below` - 1. */
  next(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)] as T
  }
}

/** Now and then a seed as it is: what is accepted is checked more deeply. */
export function inputOf(seeds: readonly Buffer[], random: Random): Buffer {
  let input = random.pick(seeds)
  for (let left = random.next(MAX_MUTATIONS + 1); left > 0; left -= 1) input = mutate(input, seeds, random)
  return input
}

function mutate(input: Buffer, seeds: readonly Buffer[], random: Random): Buffer {
  const at = random.next(input.length + 1)
  const end = Math.min(input.length, at + 1 + random.next(random.next(8) === 0 ? 400 : 12))
  switch (random.next(13)) {
    case 0: return replaced(input, at, at + 1, Buffer.from([(input[at] ?? 0) ^ (1 << random.next(8))]))
    case 1: return replaced(input, at, at + 1, Buffer.from([random.pick([...BYTES])]))
    case 2: return replaced(input, at, at, Buffer.from([random.pick([...BYTES])]))
    case 3: return replaced(input, at, end, Buffer.alloc(0))
    case 4: return replaced(input, at, at, input.subarray(at, end))
    case 5: return replaced(input, at, random.next(2) === 0 ? at : end, Buffer.from(random.pick(PIECES)))
    case 6: return replaced(input, at, at, Buffer.from(random.pick(PIECES)))
    case 7: return input.subarray(0, at)
    case 8: return crossed(input, at, random.pick(seeds), random)
    case 9: return repeated(input, at, end, random)
    default: return withOtherLines(input, random)
  }
}

function replaced(input: Buffer, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, start), by, input.subarray(end)]).subarray(0, MAX_BYTES)
}

function crossed(input: Buffer, at: number, other: Buffer, random: Random): Buffer {
  return Buffer.concat([input.subarray(0, at), other.subarray(random.next(other.length + 1))]).subarray(0, MAX_BYTES)
}

/** Deep nesting and long lines. */
function repeated(input: Buffer, start: number, end: number, random: Random): Buffer {
  const piece = random.next(2) === 0 ? input.subarray(start, end) : Buffer.from(random.pick(PIECES))
  const times = 1 << random.next(random.next(4) === 0 ? 15 : 6)
  return replaced(input, start, start, Buffer.alloc(Math.min(MAX_BYTES, piece.length * times), piece.length === 0 ? ' ' : piece))
}

function withOtherLines(input: Buffer, random: Random): Buffer {
  const lines = input.toString('latin1').split('\n')
  const at = random.next(lines.length)
  const line = lines[at] ?? ''
  const other = random.next(lines.length)
  switch (random.next(5)) {
    case 0: lines.splice(at, 1); break
    case 1: lines.splice(other, 0, line); break
    case 2: lines[at] = ' '.repeat(random.next(5)) + line.trimStart(); break
    case 3: lines[at] = `${line} ${lines[other] ?? ''}`; break
    default: [lines[at], lines[other]] = [lines[other] ?? '', line]
  }
  return Buffer.from(lines.join('\n'), 'latin1').subarray(0, MAX_BYTES)
}

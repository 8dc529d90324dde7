/**
 * bcrypt password hashes ($2a$). Node has none of its own.
 * Follows: Provos and Mazieres, "A Future-Adaptable Password Scheme" (EksBlowfish). Blowfish's initial state is the fraction of pi in
 * hexadecimal; it is computed here rather than listed. Vector: test/crypto.test.ts
 * @module
 */

const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STATE_WORDS = 18 + 4 * 256
const COST = 10

/** The first words of pi's fraction, by Machin's formula in fixed point: 16 atan(1/5) - 4 atan(1/239). */
function piWords(): Uint32Array {
  const bits = BigInt(STATE_WORDS * 32)
  const guard = 64n
  const one = 1n << (bits + guard)
  const arctanOfInverse = (x: bigint): bigint => {
    let power = one / x
    let sum = power
    for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
      power /= x * x
      sum += sign * (power / n)
    }
    return sum
  }
  const pi = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n)
  const hex = ((pi - 3n * one) >> guard).toString(16).padStart(STATE_WORDS * 8, '0')
  return Uint32Array.from({ length: STATE_WORDS }, (_, i) => parseInt(hex.slice(i * 8, i * 8 + 8), 16))
}

let initial: Uint32Array | undefined

class Blowfish {
  readonly #p: Uint32Array
  readonly #s: Uint32Array

  constructor() {
    initial ??= piWords()
    this.#p = initial.slice(0, 18)
    this.#s = initial.slice(18)
  }

  encrypt(block: Uint32Array, at: number): void {
    const [p, s] = [this.#p, this.#s]
    let l = block[at] as number
    let r = block[at + 1] as number
    for (let i = 0; i < 16; i += 2) {
      l ^= p[i] as number
      r ^= ((((s[l >>> 24] as number) + (s[256 + ((l >>> 16) & 255)] as number)) ^ (s[512 + ((l >>> 8) & 255)] as number)) + (s[768 + (l & 255)] as number)) | 0
      r ^= p[i + 1] as number
      l ^= ((((s[r >>> 24] as number) + (s[256 + ((r >>> 16) & 255)] as number)) ^ (s[512 + ((r >>> 8) & 255)] as number)) + (s[768 + (r & 255)] as number)) | 0
    }
    block[at] = (r ^ (p[17] as number)) >>> 0
    block[at + 1] = (l ^ (p[16] as number)) >>> 0
  }

  /** ExpandKey; without a salt it is the plain key schedule. */
  expand(key: Uint8Array, salt?: Uint8Array): void {
    let k = 0
    for (let i = 0; i < 18; i++) {
      let word = 0
      for (let b = 0; b < 4; b++) word = (word << 8) | (key[k++ % key.length] as number)
      this.#p[i] = ((this.#p[i] as number) ^ word) >>> 0
    }
    const block = new Uint32Array(2)
    let at = 0
    const next = (): number => {
      if (!salt) return 0
      let word = 0
      for (let b = 0; b < 4; b++) word = (word << 8) | (salt[at++ % salt.length] as number)
      return word
    }
    for (const words of [this.#p, this.#s]) {
      for (let i = 0; i < words.length; i += 2) {
        block[0] = ((block[0] as number) ^ next()) >>> 0
        block[1] = ((block[1] as number) ^ next()) >>> 0
        this.encrypt(block, 0)
        words[i] = block[0]
        words[i + 1] = block[1]
      }
    }
  }
}

function encode(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const used = Math.min(bytes.length - i, 3) + 1
    for (let k = 0; k < used; k++) out += ALPHABET[(n >> (18 - 6 * k)) & 63]
  }
  return out
}

/**
 * @param password - at most 72 bytes count, as everywhere
 * @param salt - 16 bytes
 * @param tick - called once a round; 1,024 rounds of some 0.1 ms each at the default cost
 */
export function bcrypt(password: Uint8Array, salt: Uint8Array, tick: () => void, cost = COST): string {
  const key = Buffer.concat([password.subarray(0, 72), Buffer.of(0)]).subarray(0, 72)
  const blowfish = new Blowfish()
  blowfish.expand(key, salt)
  for (let i = 0; i < 2 ** cost; i++) {
    tick()
    blowfish.expand(key)
    blowfish.expand(salt)
  }
  const text = Buffer.from('OrpheanBeholderScryDoubt')
  const words = Uint32Array.from({ length: 6 }, (_, i) => text.readUInt32BE(i * 4))
  for (let i = 0; i < 64; i++) for (let at = 0; at < 6; at += 2) blowfish.encrypt(words, at)
  const digest = Buffer.alloc(24)
  for (const [i, word] of words.entries()) digest.writeUInt32BE(word, i * 4)
  return `$2a$${String(cost).padStart(2, '0')}$${encode(salt)}${encode(digest.subarray(0, 23))}`
}

/**
 * Shamir's secret sharing over GF(2^8) with x^8+x^4+x^3+x+1, byte by byte. A share is y1...yn and one byte x.
 * Follows: HashiCorp's scheme as in getsops/sops shamir/shamir.go. Vectors: test/shamir.test.ts
 * @module
 */
import { CodedError } from './errors.ts'
import type { RandomSource } from './random.ts'

const MAX_SHARES = 255

/**
 * @param secret - borrowed
 * @param shares - how many; share i has x = i + 1
 * @param threshold - how many of them give the secret back
 * @returns shares of one byte more than the secret; the caller owns and wipes them
 */
export function splitSecret(secret: Uint8Array, shares: number, threshold: number, random: RandomSource): Buffer[] {
  if (shares < threshold) throw invalid('parts cannot be less than threshold')
  if (shares > MAX_SHARES) throw invalid(`parts cannot exceed ${MAX_SHARES}`)
  if (threshold < 2) throw invalid('threshold must be at least 2')
  const degree = threshold - 1
  const coefficients = random(secret.length * degree)
  try {
    return Array.from({ length: shares }, (_, index) => {
      const x = index + 1
      const share = Buffer.alloc(secret.length + 1)
      share[secret.length] = x
      secret.forEach((byte, at) => {
        let y = 0
        for (let power = degree - 1; power >= 0; power -= 1) y = multiply(y ^ coefficients[at * degree + power]!, x)
        share[at] = y ^ byte
      })
      return share
    })
  } finally {
    coefficients.fill(0)
  }
}

/**
 * Interpolates over all shares given, not only as many as are needed.
 * @param shares - borrowed
 * @returns the secret if there are enough shares of one split, else other bytes: shares do not authenticate it
 * @throws CodedError SHAMIR_INVALID
 */
export function combineShares(shares: readonly Uint8Array[]): Buffer {
  const length = shares[0]?.length ?? 0
  if (shares.length < 2) throw invalid('less than two parts cannot be used to reconstruct the secret')
  if (length < 2) throw invalid('parts must be at least two bytes')
  if (shares.some((share) => share.length !== length)) throw invalid('all parts must be the same length')
  const xs = shares.map((share) => share[length - 1]!)
  if (new Set(xs).size !== xs.length) throw invalid('duplicate part detected')
  const secret = Buffer.alloc(length - 1)
  shares.forEach((share, i) => {
    // Lagrange's basis polynomial at 0; subtraction is XOR
    let basis = 1
    xs.forEach((x, j) => {
      if (i !== j) basis = multiply(basis, multiply(x, invert(xs[i]! ^ x)))
    })
    for (let at = 0; at < secret.length; at += 1) secret[at]! ^= multiply(share[at]!, basis)
  })
  return secret
}

/** Without tables or branches on the operands, so that time tells nothing of them. */
export function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    const carry = -(product >> 7) & 0x1b
    product = (((product << 1) & 0xff) ^ carry) ^ (-((b >> bit) & 1) & a)
  }
  return product
}

/** a^254, since a^255 = 1 for every a but 0. */
function invert(a: number): number {
  let power = 1
  for (let i = 0; i < 254; i += 1) power = multiply(power, a)
  return power
}

function invalid(message: string): CodedError {
  return new CodedError('SHAMIR_INVALID', message)
}

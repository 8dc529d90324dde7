/**
 * Random bytes in small portions.
 * @module
 */
import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 8192

/** Takes `bytes` fresh bytes from a CSPRNG; every portion is handed out once. */
export type RandomSource = (bytes: number) => Uint8Array

/** One call to the system for many nonces. */
export function createRandomSource(): RandomSource {
  let pool = Buffer.alloc(0)
  let at = 0
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomFillSync(Buffer.alloc(bytes))
    if (pool.length - at < bytes) [pool, at] = [randomFillSync(Buffer.alloc(POOL_BYTES)), 0]
    return pool.subarray(at, (at += bytes))
  }
}

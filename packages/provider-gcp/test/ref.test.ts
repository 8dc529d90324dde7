import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError, plainMap, type Plain } from '@waxseal/core'
import { crc32c } from '../src/crc32c.ts'
import { createGcpProvider } from '../src/index.ts'
import { checkResourceId } from '../src/ref.ts'

const KEY = 'projects/example.com:wax-1/locations/europe-west3/keyRings/ring_1/cryptoKeys/Key-1'
const now = new Date('2026-01-02T03:04:05.678Z')
const gcp = createGcpProvider(() => {
  throw new TypeError('no network here')
})
const { signal } = new AbortController()

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('CRC-32C', () => {
  // RFC 3720 B.4, and the check value of the catalogue of CRCs.
  it.each([
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
    [Buffer.alloc(0), 0],
  ])('has the known answers', (bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
  })
})

describe('a GCP KMS key', () => {
  it('is a resource ID as text, in spite of spaces, and in a key group a mapping', () => {
    const expected = { type: 'gcp_kms', resourceId: KEY, enc: '', createdAt: '2026-01-02T03:04:05Z' }
    expect(gcp.fromText(` ${KEY} `, { now })).toMatchObject(expected)
    expect(gcp.fromGroup(plainMap([['resource_id', KEY]]), { now })).toMatchObject([expected])
    expect(gcp.displayName(gcp.fromText(KEY, { now }))).toBe(KEY)
  })

  it.each<[string, Plain]>([['a text', KEY], ['a list', [KEY]], ['a mapping with a list', plainMap([['resource_id', [KEY]]])]])('is not %s in a key group', async (_, element) => {
    expect(await codeOf(() => gcp.fromGroup(element, { now }))).toBe('CONFIG_INVALID')
  })

  it('has a metadata entry that comes back as it was, with fields that nobody here knows', () => {
    const entry = plainMap([['created_at', '2024-01-01T00:00:00Z'], ['enc', 'AAAA'], ['future', 'x'], ['resource_id', KEY]])
    expect({ ...gcp.serialize(gcp.parse(entry)) }).toEqual({ ...entry })
  })

  it.each([
    ['another path', `${KEY}/cryptoKeyVersions/1`],
    ['a step up', 'projects/../locations/l/keyRings/r/cryptoKeys/k'],
    ['two dots in a name', 'projects/a..b/locations/l/keyRings/r/cryptoKeys/k'],
    ['a query', 'projects/p/locations/l/keyRings/r/cryptoKeys/k?x'],
    ['a fragment', 'projects/p/locations/l/keyRings/r/cryptoKeys/k#x'],
    ['an @', 'projects/p@evil.example/locations/l/keyRings/r/cryptoKeys/k'],
    ['percent signs', 'projects/p/locations/l/keyRings/r/cryptoKeys/%2e%2e'],
    ['nothing', ''],
  ])('with %s in its name is never asked for', async (_, name) => {
    const ref = gcp.parse(plainMap([['resource_id', name], ['enc', 'AAAA'], ['created_at', '2024-01-01T00:00:00Z']]))
    expect(await codeOf(() => gcp.unwrap(ref, { signal }))).toBe('RECIPIENT_INVALID')
    expect(await codeOf(() => gcp.wrap(Buffer.alloc(32), gcp.fromText(name, { now }), { signal }))).toBe('RECIPIENT_INVALID')
  })

  it('stays the path that it is, whatever it is made of', () => {
    const pieces = fc.constantFrom('projects/', 'p', '/locations/', 'l', '/keyRings/', 'r', '/cryptoKeys/', 'k', '..', '.', '@', ':', '#', '?', '\\', '%2f', '//', '\n', 'ü')
    const made = fc.oneof(fc.array(pieces, { maxLength: 14 }), fc.tuple(...['projects/', '/locations/', '/keyRings/', '/cryptoKeys/'].map((name) => pieces.map((piece) => name + piece))))
    fc.assert(
      fc.property(made, (parts) => {
        const ref = gcp.fromText(parts.join(''), { now })
        try {
          checkResourceId(ref)
        } catch (error) {
          if (error instanceof CodedError) return
          throw error
        }
        expect(new URL(`/v1/${ref.resourceId}:decrypt`, 'https://cloudkms.googleapis.com').href).toBe(`https://cloudkms.googleapis.com/v1/${ref.resourceId}:decrypt`)
      }),
      { numRuns: 2_000 },
    )
  })

  it('with cipher text that is not base64 is never asked for', async () => {
    const ref = gcp.parse(plainMap([['resource_id', KEY], ['enc', 'A===='], ['created_at', '2024-01-01T00:00:00Z']]))
    expect(await codeOf(() => gcp.unwrap(ref, { signal }))).toBe('KEY_REJECTED')
  })
})

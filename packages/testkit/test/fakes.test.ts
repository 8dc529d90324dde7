import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeProvider, tempDir } from '../src/index.ts'

const PART = Uint8Array.from({ length: 33 }, (_, i) => i)
const { signal } = new AbortController()
const context = { now: new Date(0) }

describe('fake provider', () => {
  it('unwraps what it wrapped, through its metadata entry', async () => {
    const provider = fakeProvider('kms')
    const wrapped = await provider.wrap(PART, provider.fromText('a', context), { signal })
    const again = provider.parse({ ...provider.serialize(wrapped), later: true })
    expect(await provider.unwrap(again, { signal })).toEqual(PART)
    expect(provider.serialize(again)).toMatchObject({ recipient: 'a', later: true })
    expect(provider.calls).toEqual(['wrap a', 'unwrap a'])
  })

  it('keeps recipients apart', async () => {
    const provider = fakeProvider()
    const wrapped = await provider.wrap(PART, provider.fromText('a', context), { signal })
    await expect(provider.unwrap({ ...wrapped, recipient: 'b' }, { signal })).rejects.toThrow()
  })

  it('misbehaves as told', async () => {
    const provider = fakeProvider()
    const wrapped = await provider.wrap(PART, provider.fromText('a', context), { signal })
    provider.misbehave('a', 'absent')
    expect(await provider.unwrap(wrapped, { signal })).toBeNull()
    provider.misbehave('a', 'broken')
    await expect(provider.unwrap(wrapped, { signal })).rejects.toMatchObject({ code: 'WRAP_FAILED' })
    provider.misbehave('a', 'hung')
    await expect(provider.unwrap(wrapped, { signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ code: 'CANCELED' })
    provider.misbehave('a', undefined)
    expect(await provider.unwrap(wrapped, { signal })).toEqual(PART)
  })

  it('refuses entries that are none', () => {
    expect(() => fakeProvider().parse({ recipient: 'a' })).toThrow(expect.objectContaining({ code: 'METADATA_INVALID' }))
    expect(() => fakeProvider().fromText('', context)).toThrow(expect.objectContaining({ code: 'RECIPIENT_INVALID' }))
    expect(() => fakeProvider().fromGroup({}, context)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

describe('temporary folder', () => {
  it('is private and goes with its content', () => {
    const folder = tempDir()
    expect(statSync(folder.path).mode & 0o777).toBe(0o700)
    writeFileSync(join(folder.path, 'file'), 'x')
    folder.remove()
    folder.remove()
    expect(existsSync(folder.path)).toBe(false)
  })
})

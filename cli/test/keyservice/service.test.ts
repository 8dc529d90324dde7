import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, type KeyProvider, type PlainMap, plainMap, type Ref } from '@waxseal/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { KeyServiceClient, withKeyServices } from '../../src/keyservice/client.ts'
import { type KeyServiceOptions, startKeyService } from '../../src/keyservice/server.ts'

interface FakeRef extends Ref {
  readonly entry: PlainMap
}

/** Wraps by adding one to every byte, for the recipient "ours" only. */
const fake: KeyProvider<FakeRef> = {
  type: 'age',
  parse: (entry) => ({ type: 'age', entry }),
  serialize: (ref) => ref.entry,
  fromText: (text) => ({ type: 'age', entry: plainMap([['recipient', text], ['enc', '']]) }),
  fromGroup: () => [],
  displayName: (ref) => ref.entry['recipient'] as string,
  async wrap(part, ref) {
    return { type: 'age', entry: { ...ref.entry, enc: Buffer.from(part.map((byte) => byte + 1)).toString('hex') } }
  },
  async unwrap(ref) {
    if (ref.entry['recipient'] !== 'ours') return null
    return Buffer.from(ref.entry['enc'] as string, 'hex').map((byte) => byte - 1)
  },
}
const nothing: KeyProvider<FakeRef> = { ...fake, unwrap: async () => null, wrap: () => Promise.reject(new CodedError('WRAP_FAILED', 'not here')) }
const signal = new AbortController().signal
const ours: FakeRef = { type: 'age', entry: plainMap([['recipient', 'ours'], ['enc', '']]) }
const part = Uint8Array.from([1, 2, 255])

async function serve(options: Partial<KeyServiceOptions> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-keys-'))
  const path = join(folder, 'keys.sock')
  const server = await startKeyService({ path }, { providers: new Map([['age', fake as KeyProvider]]), now: () => new Date(0), ...options })
  onTestFinished(() => {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return path
}
const client = (path: string): KeyServiceClient => new KeyServiceClient(new URL(`unix://${path}`))

describe('key service', () => {
  it('wraps and unwraps for a client that has no keys', async () => {
    const path = await serve()
    const remote = withKeyServices(nothing, [client(path)], false)
    const wrapped = await remote.wrap(part, ours, { signal })
    expect(wrapped.entry['enc']).toBe('020300')
    expect(Array.from((await remote.unwrap(wrapped, { signal })) ?? [])).toEqual([1, 2, 255])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is asked after the own keys, and its refusal is told', async () => {
    const path = await serve()
    const remote = withKeyServices(nothing, [client(path)], true)
    expect((await remote.wrap(part, ours, { signal })).entry['enc']).toBe('020300')
    const theirs = { type: 'age', entry: { ...ours.entry, recipient: 'theirs' } }
    await expect(remote.unwrap(theirs, { signal })).rejects.toMatchObject({ code: 'KEY_SERVICE_FAILED', message: 'rpc error: code = Unknown desc = no key here fits' })
  })

  it('answers only what is confirmed', async () => {
    const path = await serve({ confirm: async (action) => action === 'encrypt' })
    const remote = withKeyServices(nothing, [client(path)], false)
    const wrapped = await remote.wrap(part, ours, { signal })
    await expect(remote.unwrap(wrapped, { signal })).rejects.toMatchObject({ message: expect.stringContaining('PermissionDenied') })
  })

  it('is not waited for without end, nor when the run is cancelled', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const address = new URL(`tcp://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    const asking = (answerMs: number, until: AbortSignal): Promise<unknown> => withKeyServices(fake, [new KeyServiceClient(address, answerMs)], false).unwrap(ours, { signal: until })
    await expect(asking(50, signal)).rejects.toMatchObject({ code: 'KEY_SERVICE_TIMEOUT', message: expect.stringContaining('gave no answer within 0.05 seconds') })
    const run = new AbortController()
    const cancelled = asking(600_000, run.signal)
    run.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELED' })
  })

  it('fails with a code where nobody listens, and where there is no service at all', async () => {
    const remote = withKeyServices(fake, [client('/nonexistent/keys.sock')], false)
    await expect(remote.unwrap(ours, { signal })).rejects.toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    await expect(withKeyServices(fake, [client('/%zz')], false).unwrap(ours, { signal })).rejects.toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    await expect(withKeyServices(fake, [], false).wrap(part, ours, { signal })).rejects.toMatchObject({ code: 'KEY_GROUP_INVALID' })
    expect(await withKeyServices(fake, [], false).unwrap(ours, { signal })).toBeNull()
  })
})

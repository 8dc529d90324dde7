import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTransport, inClusterConnection, KubeClient, systemClock, type Clock } from '@waxseal/kube'
import { sealingKey } from '@waxseal/sealed'
import { startApiServer, type ApiServer } from '@waxseal/testkit'
import { Memory } from '../src/memory.ts'
import { StateSeal } from '../src/state-seal.ts'
import { StateStore } from '../src/state-store.ts'

const NAMESPACE = 'kube-system'
const { signal } = new AbortController()
const key = sealingKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const seal = new StateSeal((fingerprint) => (fingerprint === key.fingerprint ? key : undefined))

let api: ApiServer
let client: KubeClient
let folder: string
let warnings: string[]
beforeEach(async () => {
  api = await startApiServer()
  folder = mkdtempSync(join(tmpdir(), 'waxseal-state-'))
  client = new KubeClient({ transport: createTransport(inClusterConnection({ env: api.inClusterEnv(folder), folder })) })
  warnings = []
})
afterEach(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

function newStore(memory: Memory, { clock = systemClock, mayWrite = true }: { readonly clock?: Clock; readonly mayWrite?: boolean } = {}): StateStore {
  const silent = (): void => {}
  const log = { debug: silent, info: silent, warn: (text: string) => void warnings.push(text), error: silent }
  return new StateStore({ client, namespace: NAMESPACE, memory, seal, clock, log, mayWrite: () => mayWrite })
}

function note(memory: Memory, store: StateStore, uid: string, secretVersion = '1'): void {
  const inSync = { generation: 1_000_000, scope: 'namespace-wide', secretUid: uid.replace('a', 'b'), secretVersion, fingerprint: key.fingerprint, digest: 'd'.repeat(43) }
  memory.note(uid, { inSync, fingerprint: key.fingerprint })
  store.mark(uid)
}

const uidOf = (n: number): string => `aaaaaaaa-bbbb-cccc-dddd-${String(n).padStart(12, '0')}`
const versions = (): readonly string[] => api.list('secrets', NAMESPACE).map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)

describe('the state', () => {
  it('is spread over Secrets of a moderate size, of which only the changed ones are written', async () => {
    const memory = new Memory()
    const store = newStore(memory)
    for (let n = 0; n < 1500; n++) note(memory, store, uidOf(n), '12345678901234567890')
    await store.flush(signal)
    expect(api.list('secrets', NAMESPACE).map(({ metadata }) => metadata.name)).toEqual(['waxseal-state-0', 'waxseal-state-1', 'waxseal-state-2'])
    for (const secret of api.list('secrets', NAMESPACE)) expect(JSON.stringify(secret).length).toBeLessThan(256 * 1024)
    const before = versions()
    note(memory, store, uidOf(800), '2')
    await store.flush(signal)
    expect(versions().map((version, at) => version === before[at])).toEqual([true, false, true])

    const read = new Memory()
    await newStore(read).load(() => true, signal)
    expect(read.countByKey()).toEqual(new Map([[key.fingerprint, 1500]]))
    expect(read.recall(uidOf(800))).toEqual(memory.recall(uidOf(800)))
  })

  it('is what the writer knows, when somebody else wrote or deleted it', async () => {
    const memory = new Memory()
    const store = newStore(memory)
    note(memory, store, uidOf(1))
    await store.flush(signal)
    for (const spoil of [() => api.put({ ...api.get('secrets', NAMESPACE, 'waxseal-state-0')!, data: { entries: '' } }), () => api.delete('secrets', NAMESPACE, 'waxseal-state-0')]) {
      spoil()
      note(memory, store, uidOf(2))
      await store.flush(signal)
      await store.flush(signal)
      const read = new Memory()
      await newStore(read).load(() => true, signal)
      expect(read.countByKey().get(key.fingerprint)).toBe(2)
    }
    expect(warnings).toHaveLength(2)
  })

  it('is in Secrets of its own names only', async () => {
    const memory = new Memory()
    const store = newStore(memory)
    note(memory, store, uidOf(1))
    await store.flush(signal)
    const { metadata, ...rest } = api.get('secrets', NAMESPACE, 'waxseal-state-0')!
    api.put({ ...rest, metadata: { name: 'waxseal-state-00', namespace: NAMESPACE } })
    const again = newStore(memory)
    await again.load(() => true, signal)
    note(memory, again, uidOf(2))
    await again.flush(signal)
    expect([warnings, api.get('secrets', NAMESPACE, 'waxseal-state-0')?.metadata.resourceVersion === metadata.resourceVersion]).toEqual([[], false])
  })

  it('drops what is gone and what is not wanted', async () => {
    const memory = new Memory()
    const store = newStore(memory)
    for (let n = 0; n < 3; n++) note(memory, store, uidOf(n))
    await store.flush(signal)
    memory.forget(uidOf(0))
    store.mark(uidOf(0))
    await store.flush(signal)
    const read = new Memory()
    await newStore(read).load((uid) => uid !== uidOf(1), signal)
    expect([0, 1, 2].map((n) => read.recall(uidOf(n)).inSync !== undefined)).toEqual([false, false, true])
  })

  it('is written once a minute at most, and by the leader only', async () => {
    const stop = new AbortController()
    const slept: number[] = []
    const memory = new Memory()
    const clock: Clock = {
      ...systemClock,
      async sleep(ms) {
        slept.push(ms)
        if (slept.length === 2) note(memory, store, uidOf(1)) // the first look finds nothing to write
        if (slept.length === 5) stop.abort()
      },
    }
    const store = newStore(memory, { clock })
    await store.run(stop.signal, signal)
    expect(slept).toEqual([10_000, 10_000, 50_000, 10_000, 10_000])
    expect(api.requests.writes({ resource: 'secrets' })).toHaveLength(1)

    const follower = newStore(memory, { mayWrite: false })
    note(memory, follower, uidOf(2))
    await follower.flush(signal)
    expect(api.requests.writes({ resource: 'secrets' })).toHaveLength(1)
  })

  it.each(['e30=', 'bm9uc2Vuc2U=', Buffer.from('[1,null,["x"],[{},1,2,3,4,5,6,7]]').toString('base64')])('holds nothing if it is no such list: %s', async (entries) => {
    api.put({ apiVersion: 'v1', kind: 'Secret', type: 'waxseal.dev/state', metadata: { name: 'waxseal-state-7', namespace: NAMESPACE }, data: { entries } })
    const memory = new Memory()
    await newStore(memory).load(() => true, signal)
    expect(memory.countByKey()).toEqual(new Map())
  })
})

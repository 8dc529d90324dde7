import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { KubeClient, type Clock, type HttpResponse, type KubeObject, type Transport } from '@waxseal/kube'
import { parseFlags } from '../src/flags.ts'
import { KeyStore } from '../src/key-store.ts'
import { Keyring } from '../src/keyring.ts'

const KEYS = join(import.meta.dirname, '..', '..', 'fixtures', 'sealed-secrets-0.38.4-de72a97b', 'keys')
const KEY_LABEL = 'sealedsecrets.bitnami.com/sealed-secrets-key'
const ACTIVE = { [KEY_LABEL]: 'active' }
const HOUR_MS = 3_600_000

interface KeyObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

/** A recorded key under another name. `old` starts before k1, and that before k2. */
function keySecret(recorded: string, metadata: object, data: object = {}): KeyObject {
  const secret = JSON.parse(readFileSync(join(KEYS, `${recorded}.secret.json`), 'utf8')) as KeyObject
  return { ...secret, metadata: { namespace: 'own', resourceVersion: '1', uid: recorded, ...metadata }, data: { ...secret.data, ...data } }
}

/** The key Secrets of an API server: lists, a watch that tells nothing, creation. */
class Server {
  readonly secrets: KeyObject[]
  constructor(secrets: readonly KeyObject[]) {
    this.secrets = [...secrets]
  }

  readonly transport: Transport = async ({ method, path, body, signal }) => {
    const query = new URLSearchParams(path.split('?')[1])
    if (query.get('watch')) return { status: 200, headers: {}, body: untilAborted(signal) }
    if (method === 'POST') {
      const sent = JSON.parse(String(body)) as KeyObject
      const created = { ...sent, metadata: { ...sent.metadata, name: `made-${this.secrets.length}` } }
      this.secrets.push(created)
      return answer(201, created)
    }
    const [label, value] = query.get('labelSelector')?.split('=') ?? []
    const name = query.get('fieldSelector')?.split('=')[1]
    const items = this.secrets.filter(({ metadata }) => (label === undefined || metadata.labels?.[label] === value) && (name === undefined || metadata.name === name))
    return answer(200, { metadata: { resourceVersion: '1' }, items })
  }
}

function answer(status: number, value: object): HttpResponse {
  return { status, headers: {}, body: (async function* () { yield Buffer.from(JSON.stringify(value)) })() }
}

async function* untilAborted(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve))
  yield Buffer.of()
}

const stops: AbortController[] = []
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()))

/** Waits of the clock cost nothing, and move it on. */
function world(secrets: readonly KeyObject[], args: readonly string[] = [], { nowMs = Date.parse('2026-11-01'), mayWrite = true } = {}) {
  const server = new Server(secrets)
  const stop = new AbortController()
  stops.push(stop)
  const logged: string[] = []
  const note = (message: string, facts: object = {}): void => void logged.push(`${message} ${JSON.stringify(facts)}`)
  const clock: Clock & { slept: number } = {
    slept: 0,
    now: () => nowMs,
    async sleep(ms) {
      nowMs += ms
      this.slept++
      await setImmediate()
    },
  }
  const keyring = new Keyring()
  const settings = parseFlags(['--key-size=2048', ...args], {}).settings
  const log = { debug: note, info: note, warn: note, error: note }
  const store = new KeyStore({ client: new KubeClient({ transport: server.transport }), namespace: 'own', settings, keyring, clock, log, mayWrite: () => mayWrite, onChange: () => {} })
  void store.run(stop.signal)
  const names = (): string[] => keyring.entries.map(({ secretName }) => secretName)
  return { server, store, keyring, names, logged, clock, stop, load: () => store.load(stop.signal) }
}

describe('loading keys', () => {
  it('takes those with the label, and the one that is named like the prefix, whatever its labels', async () => {
    const secrets = [keySecret('k1', { name: 'a', labels: ACTIVE }), keySecret('k2', { name: 'sealed-secrets-key' }), keySecret('k3', { name: 'b', labels: { [KEY_LABEL]: 'compromised' } })]
    const { load, names } = world(secrets)
    await load()
    expect(names().sort()).toEqual(['a', 'sealed-secrets-key'])
    const renamed = world([...secrets, keySecret('old', { name: 'mine' })], ['--key-prefix=mine'])
    await renamed.load()
    expect(renamed.names().sort()).toEqual(['a', 'mine'])
  })

  it.each([
    ['CertNotBefore', ['k2', 'k1', 'old']],
    ['SecretCreationTimestamp', ['old', 'k1', 'k2']],
    ['Nonsense', ['k2', 'k1', 'old']],
  ])('puts the newest first, by %s', async (priority, expected) => {
    const days = { old: '03', k1: '02', k2: '01' }
    const { load, names } = world(Object.entries(days).map(([name, day]) => keySecret(name, { name, labels: ACTIVE, creationTimestamp: `2026-10-${day}T00:00:00Z` })), [`--key-order-priority=${priority}`])
    await load()
    expect(names()).toEqual(expected)
  })

  it('passes over what holds no RSA key, and says so without its bytes', async () => {
    const { load, names, logged } = world([keySecret('ec', { name: 'ec', labels: ACTIVE }), keySecret('k1', { name: 'cut', labels: ACTIVE }, { 'tls.key': 'LS0tLS1CRUdJTg==' }), keySecret('k1', { name: 'good', labels: ACTIVE })])
    await load()
    expect(names()).toEqual(['good'])
    expect(logged.filter((line) => line.startsWith('Error reading key Secret')).map((line) => /"secretname":"(\w+)"/.exec(line)?.[1])).toEqual(['ec', 'cut'])
    expect(logged.join('\n')).not.toMatch(/BEGIN|LS0t/)
  })

  it('takes a certificate that belongs to another key as upstream does, and warns', async () => {
    const { 'tls.crt': certificate = '' } = keySecret('k2', {}).data ?? {}
    const { load, names, logged } = world([keySecret('k1', { name: 'mixed', labels: ACTIVE }, { 'tls.crt': certificate })])
    await load()
    expect(names()).toEqual(['mixed'])
    expect(logged).toContain('Certificate and private key do not belong together {"secretname":"mixed"}')
  })
})

describe('making keys', () => {
  const aged = (name: string): KeyObject => keySecret('k1', { name, labels: ACTIVE })
  const startOf = ({ keyring }: { readonly keyring: Keyring }): number => keyring.newest?.orderMs ?? 0

  it('gives them the labels and annotations that were asked for, and the key label in any case', async () => {
    const { store, server, names } = world([], [`--privatekey-labels=${KEY_LABEL}=no,team=x`, '--privatekey-annotations=owner=me=you,b=c'])
    await store.generate(new AbortController().signal)
    expect(server.secrets[0]).toMatchObject({
      type: 'kubernetes.io/tls',
      metadata: { generateName: 'sealed-secrets-key', namespace: 'own', labels: { ...ACTIVE, team: 'x' }, annotations: { owner: 'me=you', b: 'c' } },
    })
    expect(names()).toEqual(['made-0'])
  })

  it('happens once the newest is as old as the period, and then every period', async () => {
    const one = world([aged('a')], ['--key-renew-period=1h'])
    await one.load()
    const renewing = one.store.renew(one.stop.signal)
    while (one.server.secrets.length < 3) await setImmediate()
    one.stop.abort()
    await renewing
    const [first = 0, second = 0] = one.keyring.entries.filter(({ secretName }) => secretName.startsWith('made-')).map(({ orderMs }) => orderMs).sort((a, b) => a - b)
    expect(second - first).toBeGreaterThanOrEqual(HOUR_MS)
    expect(second - first).toBeLessThan(HOUR_MS + 120_000)
  })

  it.each<[string, readonly string[], readonly KeyObject[], boolean, number]>([
    ['there is none', ['--key-renew-period=0'], [], true, 1],
    ['the newest is older than the cut-off', ['--key-renew-period=0', '--key-cutoff-time=Sun, 01 Nov 2026 00:00:00 +0000'], [aged('a')], true, 1],
    ['the cut-off lies ahead: once at each start', ['--key-renew-period=0', '--key-cutoff-time=Sat, 01 Nov 2036 00:00:00 +0000'], [aged('a')], true, 1],
    ['never without a period', ['--key-renew-period=0'], [aged('a')], true, 0],
    ['never by a replica that does not lead', [], [], false, 0],
    ['never before a cut-off that nobody can read', ['--key-renew-period=0', '--key-cutoff-time=yesterday'], [aged('a')], true, 0],
  ])('happens: %s', async (_when, args, secrets, mayWrite, made) => {
    const { load, store, stop, server, clock, ...rest } = world(secrets, args, { mayWrite })
    await load()
    const before = startOf(rest)
    const renewing = store.renew(stop.signal)
    while (clock.slept < 100) await setImmediate()
    stop.abort()
    await renewing
    expect(server.secrets).toHaveLength(secrets.length + made)
    expect(startOf(rest) > before).toBe(made > 0)
  })
})

/**
 * `node bench/controller.ts`: what the controller costs on the real API server, in CPU seconds and in multiples of R, one
 * RSA-4096 OAEP decryption on this machine in this run: bringing all SealedSecrets into the cluster, a restart with everything
 * in sync, and a restart whose state is lost. Needs `pnpm build`, the rig `kube` (`pnpm rigs`) and Linux.
 * @module
 */
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SECRETS, type Resource } from '@waxseal/kube'
import { generateSealingKey, type GeneratedKey } from '@waxseal/sealed'
import { RealCluster, ROOT, type AnyObject, type Cluster } from '../test/e2e/cluster.ts'
import { Rig, SEALED, sleep, type RunningController } from '../test/e2e/controller-rig.ts'

const HELP = `usage: node bench/controller.ts [--objects N] [--items N] [--keys N] [--sealed-with WHICH] [--foreign N]
  --objects N   SealedSecrets (default: 2000)
  --items N     sealed items of each (default: 5)
  --keys N      sealing keys of 4096 bits (default: 1)
  --sealed-with oldest|mix
                key that opens everything, or all of them in turn (default: oldest)
  --foreign N   Secrets that belong to nobody (default: 0)
`
const AS_IN_THE_IMAGE = ['--max-semi-space-size=2', join(ROOT, 'dist', 'bin', 'waxseal-controller')]
const SEALED_SECRETS: Resource = { group: 'bitnami.com', version: 'v1alpha1', plural: 'sealedsecrets' }
const TICKS_PER_SECOND = 100
const AT_ONCE = 8
const LONGEST_MS = 1_800_000
/** Metrics cost their reader's target some milliseconds. */
const LOOK_AGAIN_MS = 1000

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '2000' },
    items: { type: 'string', default: '5' },
    keys: { type: 'string', default: '1' },
    'sealed-with': { type: 'string', default: 'oldest' },
    foreign: { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit()
}
const [objects, items, keyCount, foreign] = [values.objects, values.items, values.keys, values.foreign].map(Number) as [number, number, number, number]

/** Seconds of one decryption. */
function timeOfDecryption(privateKey: KeyObject): number {
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const sealed = publicEncrypt({ key: privateKey, ...padding }, randomBytes(32))
  const times = Array.from({ length: 40 }, () => {
    const before = process.cpuUsage()
    privateDecrypt({ key: privateKey, ...padding }, sealed)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  })
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
}

/** Oldest first, a month apart. */
async function makeKeys(): Promise<readonly [GeneratedKey, ...GeneratedKey[]]> {
  const makeKey = (n: number): Promise<GeneratedKey> => {
    const notBefore = new Date(Date.now() - (keyCount - n) * 30 * 86_400_000)
    return generateSealingKey({ bits: 4096, notBefore, notAfter: new Date(notBefore.getTime() + 3650 * 86_400_000) })
  }
  const keys: [GeneratedKey, ...GeneratedKey[]] = [await makeKey(0)]
  for (let n = 1; n < keyCount; n++) keys.push(await makeKey(n))
  return keys
}

async function inParallel(count: number, run: (n: number) => Promise<unknown>): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => n).values()
  const work = async (): Promise<void> => {
    for (const n of numbers) await run(n)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function fill(cluster: Cluster, rig: Rig, keys: readonly [GeneratedKey, ...GeneratedKey[]]): Promise<void> {
  const data = Object.fromEntries(Array.from({ length: items }, (_, n) => [`item${n}`, `value ${n} `.repeat(4)]))
  const keyOf = (n: number): GeneratedKey => (values['sealed-with'] === 'mix' ? keys[n % keyCount] : undefined) ?? keys[0]
  await inParallel(objects, (n) => cluster.client.create(SEALED_SECRETS, { namespace: rig.apps }, rig.seal(`s${n}`, data, { key: keyOf(n) })))
  const release = randomBytes(1200).toString('base64')
  const foreignSecret = (n: number): AnyObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: `foreign${n}`, namespace: rig.own }, data: { release } })
  await inParallel(foreign, (n) => cluster.client.create(SECRETS, { namespace: rig.own }, foreignSecret(n)))
}

function gauge(metrics: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1] ?? 0)
}

/** Until it has looked at every SealedSecret and nothing waits. */
async function untilDone(controller: RunningController): Promise<void> {
  for (const end = Date.now() + LONGEST_MS; Date.now() < end; await sleep(LOOK_AGAIN_MS)) {
    const metrics = await controller.metrics()
    if (gauge(metrics, 'sealed_secrets_controller_unseal_requests_total') >= objects && gauge(metrics, 'waxseal_queue_length') === 0) return
  }
  throw new Error('the controller did not come to an end')
}

function cpuSecondsOf(pid: number | string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function cpuSecondsOfCluster({ pid }: RealCluster): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return [pid, ...children].map(cpuSecondsOf).reduce((sum, seconds) => sum + seconds, 0)
}

async function measure(name: string, rig: Rig<RealCluster>, decryptionSeconds: number): Promise<void> {
  const [startedAt, before] = [performance.now(), cpuSecondsOfCluster(rig.cluster)]
  const flags = ['--metrics-omit-secret-labels'] // its thousands of lines would be part of the cost
  const controller = await rig.controller(flags, AS_IN_THE_IMAGE)
  await untilDone(controller)
  const wallSeconds = (performance.now() - startedAt) / 1000
  const cpuSeconds = cpuSecondsOf(controller.pid)
  const cpuOfAll = cpuSeconds + cpuSecondsOfCluster(rig.cluster) - before
  const peakMiB = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${controller.pid}/status`, 'utf8'))?.[1]) / 1024
  const opened = gauge(await controller.metrics(), 'waxseal_items_opened_total')
  await controller.stop()
  const columns = [name, `${cpuSeconds.toFixed(2)} s`, `${(cpuSeconds / decryptionSeconds).toFixed(0)} R`, `${wallSeconds.toFixed(1)} s wall, ${(wallSeconds / cpuOfAll).toFixed(2)} of the CPU of all`, `${peakMiB.toFixed(0)} MiB`, `${opened} items opened`]
  console.log(columns.map((column, at) => column.padEnd(at === 0 ? 24 : 10)).join('  ').trimEnd())
}

const decryptionSeconds = timeOfDecryption(generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey)
console.log(`R = ${(decryptionSeconds * 1000).toFixed(2)} ms; ${objects} SealedSecrets of ${items} items, ${keyCount} keys (${values['sealed-with']}), ${foreign} foreign Secrets; all items once cost ${objects * items} R`)
const cluster = await RealCluster.start()
try {
  const rig = await Rig.start(cluster, { withKey: false })
  const keys = await makeKeys()
  for (const key of keys) await rig.addKey(key)
  await fill(cluster, rig, keys)
  await measure('cold', rig, decryptionSeconds)
  await measure('restart', rig, decryptionSeconds)
  for (const { type, metadata } of await cluster.list('secrets', rig.own)) if (type === 'waxseal.dev/state') await rig.deleteSecret(metadata.name ?? '', rig.own)
  await measure('restart without state', rig, decryptionSeconds)
  const left = await cluster.list(SEALED, rig.apps)
  if (left.length !== objects) throw new Error('the cluster changed under the measurement')
} finally {
  await cluster.stop()
}

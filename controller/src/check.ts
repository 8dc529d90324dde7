/**
 * `waxseal-controller check`: what this controller would find in its cluster, and what it would lack. Run it in the pod, with
 * the flags of the controller. It writes nothing.
 * @module
 */
import { KubeError, EVENTS, SECRETS, systemClock, type KubeClient } from '@waxseal/kube'
import { KEY_LABEL, KEY_LABEL_ACTIVE, readKeySecret } from '@waxseal/sealed'
import type { Settings } from './flags.ts'
import { watchedNamespaces } from './followed.ts'
import { Keyring, type KeyEntry } from './keyring.ts'
import { leaseAccesses } from './leadership.ts'
import { describe, type Log } from './log.ts'
import { Memory } from './memory.ts'
import { SEALED_SECRETS } from './names.ts'
import { refusedOf, verbs, type Access } from './permissions.ts'
import { StateSeal } from './state-seal.ts'
import { STATE_NAME_PREFIX, StateStore } from './state-store.ts'
import { TOKEN_REVIEWS } from './token-gate.ts'

const SOON_MS = 30 * 24 * 3_600_000

export interface Finding {
  readonly level: 'ok' | 'warning' | 'error'
  readonly text: string
}

export interface CheckOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly settings: Settings
  readonly log: Log
  readonly signal: AbortSignal
}

/** @throws KubeError - the API server cannot be asked */
export async function check(options: CheckOptions): Promise<readonly Finding[]> {
  const findings = [...(await checkDefinition(options)), ...(await checkRoles(options))]
  return [...findings, ...(await checkKeys(options))]
}

/** One line each: the level, then the text. */
export function findingLines(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `${level.padEnd(7)}  ${text}\n`).join('')
}

async function checkDefinition({ client, namespace, settings, signal }: CheckOptions): Promise<readonly Finding[]> {
  const [first] = watchedNamespaces(settings, namespace)
  try {
    await client.list(SEALED_SECRETS, { namespace: first }, { query: { limit: 1 }, signal })
    return [{ level: 'ok', text: 'the cluster has SealedSecrets' }]
  } catch (error) {
    if (!(error instanceof KubeError) || (error.status !== 404 && error.status !== 403)) throw error
    const text = error.status === 404 ? 'the cluster has no SealedSecrets: apply the CustomResourceDefinition' : `SealedSecrets cannot be listed: ${describe(error)}`
    return [{ level: 'error', text }]
  }
}

interface Need {
  readonly accesses: readonly Access[]
  readonly level: 'warning' | 'error'
  /** What is so without it. */
  readonly otherwise: string
}

function needsOf(own: string, settings: Settings): readonly Need[] {
  const inEach = watchedNamespaces(settings, own).flatMap((namespace): readonly Need[] => [
    { accesses: verbs('get list watch', { resource: SEALED_SECRETS, namespace }), level: 'error', otherwise: 'no SealedSecret is opened there' },
    { accesses: verbs(`get create update${settings['skip-recreate'] ? '' : ' list watch'}`, { resource: SECRETS, namespace }), level: 'error', otherwise: 'Secrets are not written there' },
    ...(settings['update-status'] ? [{ accesses: verbs('update', { resource: SEALED_SECRETS, subresource: 'status', namespace }), level: 'error', otherwise: 'nobody sees what became of a SealedSecret' } as const] : []),
    ...(settings['old-gc-behavior'] ? [{ accesses: verbs('delete', { resource: SECRETS, namespace }), level: 'error', otherwise: '--old-gc-behavior deletes nothing' } as const] : []),
    { accesses: verbs('create patch', { resource: EVENTS, namespace }), level: 'warning', otherwise: 'there are no events' },
  ])
  return [
    ...inEach,
    { accesses: verbs('list create', { resource: SECRETS, namespace: own }), level: 'error', otherwise: 'sealing keys can be neither loaded nor made' },
    { accesses: verbs('watch', { resource: SECRETS, namespace: own }), level: 'warning', otherwise: 'sealing keys are looked for twice a minute' },
    { accesses: leaseAccesses(own), level: 'warning', otherwise: 'there may be one replica only' },
    { accesses: verbs('update', { resource: SECRETS, namespace: own, name: `${STATE_NAME_PREFIX}0` }), level: 'warning', otherwise: 'every restart opens everything again' },
    ...(settings['http-access'] === 'token' ? [{ accesses: verbs('create', { resource: TOKEN_REVIEWS }), level: 'error', otherwise: '/v1/verify and /v1/rotate answer 503' } as const] : []),
  ]
}

async function checkRoles({ client, namespace, settings, signal }: CheckOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { accesses, level, otherwise } of needsOf(namespace, settings)) {
    const missing = await refusedOf(client, accesses, { signal })
    if (missing.length > 0) findings.push({ level, text: `the role lacks ${missing.map(accessName).join(', ')}: ${otherwise}` })
  }
  return findings.length > 0 ? findings : [{ level: 'ok', text: 'the role permits all that is needed' }]
}

function accessName({ verb, resource, subresource, namespace, name }: Access): string {
  const what = [resource.plural, ...(subresource ? [subresource] : []), ...(name ? [name] : [])].join('/')
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`
}

async function checkKeys(options: CheckOptions): Promise<readonly Finding[]> {
  const { client, namespace, signal } = options
  const findings: Finding[] = []
  const keyring = new Keyring()
  try {
    const { items } = await client.list(SECRETS, { namespace }, { query: { labelSelector: `${KEY_LABEL}=${KEY_LABEL_ACTIVE}` }, signal })
    for (const secret of items) {
      const secretName = secret.metadata.name ?? ''
      try {
        const { key, certificate } = readKeySecret(secret)
        keyring.put({ secretName, key, certificate, orderMs: certificate.notBefore.getTime(), createdMs: 0 })
        if (key.fingerprint !== certificate.fingerprint) findings.push({ level: 'error', text: `key ${secretName}: certificate and private key do not belong together` })
      } catch (error) {
        findings.push({ level: 'error', text: `key ${secretName} cannot be read: ${describe(error)}` })
      }
    }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    return [{ level: 'error', text: `sealing keys cannot be listed: ${describe(error)}` }]
  }
  if (!keyring.newest) return [...findings, { level: 'warning', text: 'there is no sealing key yet: the controller makes one when it starts' }]
  const opened = await openedByKey(keyring, options)
  return [...findings, ...keyring.entries.map((entry) => keyFinding(entry, entry === keyring.newest, opened))]
}

function keyFinding({ secretName, key, certificate }: KeyEntry, isNewest: boolean, opened: ReadonlyMap<string, number>): Finding {
  const leftMs = certificate.notAfter.getTime() - systemClock.now()
  const until = certificate.notAfter.toISOString().slice(0, 10)
  const text = `key ${secretName}${isNewest ? ' (newest)' : ''}: certificate valid until ${until}, opened ${opened.get(key.fingerprint) ?? 0} SealedSecrets last`
  if (!isNewest || leftMs > SOON_MS) return { level: 'ok', text }
  return { level: leftMs > 0 ? 'warning' : 'error', text: `${text}: ${leftMs > 0 ? 'soon nobody can seal with it' : 'nobody can seal with it'}` }
}

/** As the running controller left it. */
async function openedByKey(keyring: Keyring, { client, namespace, log, signal }: CheckOptions): Promise<ReadonlyMap<string, number>> {
  const memory = new Memory()
  const seal = new StateSeal((fingerprint) => keyring.find(fingerprint))
  await new StateStore({ client, namespace, memory, seal, clock: systemClock, log, mayWrite: () => false }).load(() => true, signal)
  return memory.countByKey()
}

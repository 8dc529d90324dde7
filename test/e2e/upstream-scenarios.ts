/**
 * The scenarios in which upstream's controller was recorded on a real API server: how each is played, and what it comes to,
 * that is SealedSecrets with their status, Secrets and events of a namespace at the end.
 * @module
 */
import { createCipheriv, constants, publicEncrypt, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withScope, type Scope, type SealedSecretManifest, type SecretManifest } from '@waxseal/sealed'
import type { AnyObject, Json } from './cluster.ts'
import { FIXTURES, recordedKey, SEALED, sleep, waitFor, type Rig } from './controller-rig.ts'

const P = 'sealedsecrets.bitnami.com/'
const META = { labels: { app: 'x' }, annotations: { note: 'n' } }

export interface EventShape {
  readonly reason: string
  readonly message: string
  readonly type: string
  readonly count: number
  readonly object: Json
}
export interface Snapshot {
  readonly sealedSecrets: readonly Json[]
  readonly secrets: readonly Json[]
  readonly events: readonly EventShape[]
}
export const goldens = (JSON.parse(readFileSync(join(FIXTURES, 'cluster', 'goldens.json'), 'utf8')) as { scenarios: Record<string, Record<string, Snapshot>> }).scenarios

type Changed = { metadata: Record<string, unknown>; spec: { template: Record<string, unknown> & { metadata: Record<string, unknown> }; encryptedData: Record<string, string> } }

interface SealOptions {
  readonly key?: 'k1' | 'k2' | 'k3' | 'small'
  readonly scope?: Scope
  readonly meta?: Pick<SecretManifest['metadata'], 'labels' | 'annotations'>
  readonly secret?: Partial<SecretManifest>
}

/** Where a scenario plays. Roles in single namespaces must know them before. */
function namespacesOf(scenario: string): readonly [string, ...string[]] {
  const first = `t-${scenario.replaceAll('_', '-')}`
  return goldens[scenario]?.['second'] ? [first, `${first}-2`] : [first]
}

/** One namespace in which one scenario plays. */
export class Stage {
  readonly ns: string
  readonly rig: Rig

  private constructor(rig: Rig, ns: string) {
    this.rig = rig
    this.ns = ns
  }

  static async open(rig: Rig, name: string): Promise<Stage> {
    const namespaces = namespacesOf(name)
    await Promise.all(namespaces.map((namespace) => rig.createNamespace(namespace)))
    return new Stage(rig, namespaces[0])
  }

  seal(name: string, data: Readonly<Record<string, string>>, { key = 'k3', scope = 'strict', meta = {}, secret = {} }: SealOptions = {}, ns = this.ns): SealedSecretManifest {
    const annotations = withScope(meta.annotations, scope)
    const metadata = { ...meta, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }
    return this.rig.seal(name, data, { namespace: ns, key: recordedKey(key), secret: { ...secret, metadata } })
  }

  /** As it is after `change`. */
  async apply(sealed: SealedSecretManifest, change: (copy: Changed) => void = () => {}): Promise<void> {
    const copy = structuredClone(sealed)
    change(copy as unknown as Changed)
    await this.rig.apply(copy)
  }

  async delete(resource: string): Promise<void> {
    await this.rig.cluster.delete(resource, this.ns, 'a')
  }

  /** Status and event of the current generation are there. */
  async settled(name = 'a', ns = this.ns): Promise<void> {
    await waitFor(async () => {
      const sealed = await this.rig.sealed(name, ns)
      return (sealed?.['status'] as StatusShape | undefined)?.observedGeneration === sealed?.metadata.generation
    })
    await this.quiet(ns)
  }

  /** The watch, the work and its event take some milliseconds. */
  async quiet(ns = this.ns): Promise<void> {
    let last = ''
    for (let same = 0; same < 4; same++) {
      await sleep(40)
      const { cluster } = this.rig
      const now = JSON.stringify([await cluster.list('events', ns), await cluster.list(SEALED, ns), await cluster.list('secrets', ns)])
      if (now !== last) same = 0
      last = now
    }
  }

  /** Condition times have whole seconds. */
  async nextSecond(): Promise<void> {
    await sleep(1001 - (Date.now() % 1000))
  }

  async existing(annotations: Readonly<Record<string, string>> = {}, data: Readonly<Record<string, string>> = { old: '1', k: 'old' }, more: object = {}): Promise<void> {
    const encoded = Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]))
    await this.rig.cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: this.ns, annotations, labels: { mine: '1' } }, data: encoded, ...more })
  }

  async snapshot(ns = this.ns): Promise<Snapshot> {
    const { cluster } = this.rig
    const uids = new Map<string, string>()
    const sealedSecrets = (await cluster.list(SEALED, ns)).map(({ metadata: { name = '', uid = '', generation, annotations = null }, status = null }) => {
      uids.set(uid, `<uid of ${name}>`)
      return { name, generation, annotations, status: status && withoutTimes(status as StatusShape) }
    })
    const secrets = (await cluster.list('secrets', ns)).map(({ metadata, apiVersion: _apiVersion, kind: _kind, ...secret }) => {
      const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, managedFields: _managed, ...rest } = metadata as Record<string, unknown>
      const owners = metadata.ownerReferences?.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? '<other uid>' }))
      return { ...secret, metadata: { ...rest, ...(owners ? { ownerReferences: owners } : {}) } }
    })
    return { sealedSecrets, secrets: secrets.map(withoutEmpty), events: countedEvents(await cluster.list('events', ns)) }
  }
}

function countedEvents(events: readonly AnyObject[]): EventShape[] {
  const counted = new Map<string, EventShape>()
  for (const event of events as unknown as RawEvent[]) {
    const { involvedObject: about, type, reason, message, source, reportingComponent, count } = event
    const object = { kind: about['kind'], apiVersion: about['apiVersion'], name: about['name'], hasUid: Boolean(about['uid']), hasResourceVersion: Boolean(about['resourceVersion']) }
    const key = JSON.stringify([about['name'], type, reason, message])
    counted.set(key, { object, type, reason, message, source, reportingComponent, count: (counted.get(key)?.count ?? 0) + count } as EventShape)
  }
  return [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event)
}

interface RawEvent {
  readonly involvedObject: Json
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly source: Json
  readonly reportingComponent: string
  readonly count: number
}
interface StatusShape {
  readonly observedGeneration: number
  readonly conditions: readonly { readonly lastTransitionTime?: string; readonly lastUpdateTime?: string }[]
}

function withoutTimes(status: StatusShape): unknown {
  const conditions = status.conditions.map((condition) => ({
    ...condition,
    transitionIsUpdate: condition.lastTransitionTime === condition.lastUpdateTime,
    lastTransitionTime: '<time>',
    lastUpdateTime: '<time>',
  }))
  return { ...status, conditions }
}

/** A server that keeps an empty map and one that drops it mean the same. */
export function withoutEmpty(secret: Json): Json {
  const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0
  const { metadata, ...rest } = secret
  const kept = (object: object): Json => Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)))
  return { ...kept(rest), metadata: kept(metadata as object) }
}

/** The form before `encryptedData`: a whole Secret as one item. */
function wholeSecret(ns: string, encryptedData: Readonly<Record<string, string>> = {}): SealedSecretManifest {
  const secret = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'a', namespace: ns, labels: { in: 'blob' } }, data: { k: 'djE=' }, type: 'Opaque' }
  const sessionKey = randomBytes(32)
  const key = recordedKey('k3').certificate.publicKey
  const wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(`${ns}/a`) }, sessionKey)
  const gcm = createCipheriv('aes-256-gcm', sessionKey, Buffer.alloc(12), { authTagLength: 16 })
  const parts = [Buffer.from([wrapped.length >> 8, wrapped.length & 255]), wrapped, gcm.update(JSON.stringify(secret)), gcm.final(), gcm.getAuthTag()]
  const spec = { data: Buffer.concat(parts).toString('base64'), encryptedData }
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'a', namespace: ns }, spec } as unknown as SealedSecretManifest
}

type Play = (stage: Stage) => Promise<unknown>

/** A SealedSecret `a` in one version after the other. */
function versions(...seals: readonly ((stage: Stage) => SealedSecretManifest)[]): Play {
  return async (stage) => {
    for (const [at, seal] of seals.entries()) {
      if (at > 0) await stage.nextSecond()
      await stage.apply(seal(stage))
      await stage.settled()
    }
  }
}

function onto(annotations: Readonly<Record<string, string>>, options: SealOptions = {}): Play {
  return async (stage) => {
    await stage.existing(annotations)
    await stage.apply(stage.seal('a', { k: 'v' }, options))
    await stage.settled()
  }
}

/** Sealed for another place than the one where it ends up. */
function moved(scope: Scope, from: { readonly ns?: string }, to: string): Play {
  return async (stage) => {
    const sealed = stage.seal('a', { k: 'v' }, { scope }, from.ns ?? stage.ns)
    await stage.apply(sealed, (copy) => Object.assign(copy.metadata, { name: to, namespace: stage.ns }))
    await stage.settled(to)
  }
}

function changed(data: Readonly<Record<string, string>>, change: (copy: Changed) => void): Play {
  return async (stage) => {
    await stage.apply(stage.seal('a', data), change)
    await stage.settled()
  }
}

const IMMUTABLE: SealOptions = { secret: { immutable: true } }

export const PLAYS: Readonly<Record<string, Play>> = {
  create: versions((s) => s.seal('a', { k: 'v', empty: '' }, { meta: META, secret: { data: { bin: '/wA=' } } })),
  async create_with_older_keys(stage) {
    for (const key of ['k1', 'k2'] as const) {
      await stage.apply(stage.seal(`s-${key}`, { k: 'v' }, { key }))
      await stage.settled(`s-${key}`)
    }
  },
  update: versions(
    (s) => s.seal('a', { k: 'v', gone: '1' }, { meta: META }),
    (s) => s.seal('a', { k: 'v2', new: '1' }, { meta: { labels: { app: 'y' } } }),
  ),
  wrong_key: versions((s) => s.seal('a', { k: 'v', l: 'w' }, { key: 'small' })),
  wrong_key_then_right: versions(
    (s) => s.seal('a', { k: 'v' }, { key: 'small' }),
    (s) => s.seal('a', { k: 'v' }),
  ),
  right_then_wrong_key: versions(
    (s) => s.seal('a', { k: 'v' }),
    (s) => s.seal('a', { k: 'v2' }, { key: 'small' }),
  ),
  strict_renamed: moved('strict', {}, 'b'),
  strict_moved: moved('strict', { ns: 'elsewhere' }, 'a'),
  namespace_wide_renamed: moved('namespace-wide', {}, 'b'),
  namespace_wide_moved: moved('namespace-wide', { ns: 'elsewhere' }, 'a'),
  cluster_wide_moved: moved('cluster-wide', { ns: 'elsewhere' }, 'c'),
  name_taken: onto({}),
  managed: onto({ [`${P}managed`]: 'true', x: 'y' }, { meta: META }),
  patch: onto({ [`${P}patch`]: 'true', x: 'y' }, { meta: META }),
  managed_and_patch: onto({ [`${P}managed`]: 'true', [`${P}patch`]: 'true', x: 'y' }, { meta: META }),
  managed_true_misspelt: onto({ [`${P}managed`]: 'True' }),
  managed_in_template_of_patch: onto({ [`${P}patch`]: 'true' }, { meta: { annotations: { [`${P}managed`]: 'true' } } }),
  async patch_then_item_removed(stage) {
    await stage.existing({ [`${P}patch`]: 'true' })
    await versions(
      (s) => s.seal('a', { k: 'v', extra: '1' }),
      (s) => s.seal('a', { k: 'v2' }),
    )(stage)
  },
  async patch_then_deleted(stage) {
    await onto({ [`${P}patch`]: 'true' })(stage)
    await stage.delete(SEALED)
    await stage.quiet()
  },
  async patch_of_other_type_without_type(stage) {
    await stage.existing({ [`${P}patch`]: 'true' }, { username: 'u', password: 'p' }, { type: 'kubernetes.io/basic-auth' })
    await stage.apply(stage.seal('a', { k: 'v' }))
    await stage.settled()
  },
  skip_owner_alone: versions((s) => s.seal('a', { k: 'v' }, { meta: { annotations: { [`${P}skip-set-owner-references`]: 'true' } } })),
  skip_owner_and_managed: versions((s) => s.seal('a', { k: 'v' }, { meta: { annotations: { [`${P}skip-set-owner-references`]: 'true', [`${P}managed`]: 'true' } } })),
  skip_owner_and_patch: versions((s) => s.seal('a', { k: 'v' }, { meta: { annotations: { [`${P}skip-set-owner-references`]: 'true', [`${P}patch`]: 'true' } } })),
  immutable: versions((s) => s.seal('a', { k: 'v' }, IMMUTABLE)),
  immutable_changed: versions(
    (s) => s.seal('a', { k: 'v' }, IMMUTABLE),
    (s) => s.seal('a', { k: 'v2' }, IMMUTABLE),
  ),
  async immutable_changed_then_secret_deleted(stage) {
    await PLAYS['immutable_changed']!(stage)
    await stage.nextSecond()
    await stage.delete('secrets')
    await waitFor(() => stage.rig.isSynced('a', stage.ns))
    await stage.quiet()
  },
  immutable_switched_on_later: versions(
    (s) => s.seal('a', { k: 'v' }),
    (s) => s.seal('a', { k: 'v' }, IMMUTABLE),
  ),
  typed: versions((s) => s.seal('a', { '.dockerconfigjson': '{"auths":{}}' }, { secret: { type: 'kubernetes.io/dockerconfigjson' } })),
  type_changed: versions(
    (s) => s.seal('a', { username: 'u' }, { secret: { type: 'Opaque' } }),
    (s) => s.seal('a', { username: 'u' }, { secret: { type: 'kubernetes.io/basic-auth' } }),
  ),
  type_refused_by_server: versions((s) => s.seal('a', { x: 'y' }, { secret: { type: 'kubernetes.io/tls' } })),
  item_name_refused_by_server: versions((s) => s.seal('a', { 'a b': 'y' })),
  async deleted(stage) {
    await versions((s) => s.seal('a', { k: 'v' }))(stage)
    await stage.delete(SEALED)
    await waitFor(async () => (await stage.rig.secret('a', stage.ns)) === undefined)
  },
  async secret_deleted(stage) {
    await versions((s) => s.seal('a', { k: 'v' }))(stage)
    await stage.delete('secrets')
    await waitFor(async () => (await stage.rig.secret('a', stage.ns)) !== undefined)
    await stage.quiet()
  },
  template_data: changed({ u: 'user', p: 'pw' }, ({ spec }) => {
    spec.template['data'] = { cfg: '{{ .u }}:{{ .p | b64enc }}', plain: 'raw {{ .u }}', sib: '{{ .plain }}', u: 'never' }
  }),
  template_fails: changed({ u: 'user' }, ({ spec }) => {
    spec.template['data'] = { cfg: '{{ fail "boom" }}' }
  }),
  template_metadata: changed({ u: 'user' }, ({ spec }) => {
    Object.assign(spec.template.metadata, { name: 'zzz', namespace: 'yyy', finalizers: ['example.com/f'], labels: { l: '1' } })
  }),
  template_with_resource_version: changed({ u: 'user' }, ({ spec }) => {
    spec.template.metadata['resourceVersion'] = '5'
  }),
  bad_base64: changed({ u: 'user' }, ({ spec }) => {
    spec.encryptedData['bad'] = '%%%'
  }),
  no_items: versions((s) => s.seal('a', {})),
  async recreated_quickly(stage) {
    const sealed = stage.seal('a', { k: 'v' })
    await stage.apply(sealed)
    await stage.settled()
    await stage.delete(SEALED)
    await stage.apply(sealed)
    await waitFor(() => stage.rig.isSynced('a', stage.ns))
    await stage.quiet()
  },
  async whole_secret_format(stage) {
    await stage.apply(wholeSecret(stage.ns))
    await stage.settled()
  },
  async whole_secret_format_and_items(stage) {
    await stage.apply(wholeSecret(stage.ns, { x: 'AAAA' }))
    await stage.settled()
  },
  async two_namespaces(stage) {
    for (const ns of [stage.ns, `${stage.ns}-2`]) {
      await stage.apply(stage.seal('a', { k: ns }, {}, ns))
      await stage.settled('a', ns)
    }
  },
}

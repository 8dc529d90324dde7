/**
 * What installs the controller: rendered by the real helm and kustomize, and taken by the real API server.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { Metrics, parseFlags } from '@waxseal/controller'
import { ROOT, startCluster, type AnyObject, type Cluster } from '../e2e/cluster.ts'
import { Rig, waitFor } from '../e2e/controller-rig.ts'
import { rigProgram } from '../rigs/rigs.ts'

const DEPLOY = join(ROOT, 'controller', 'deploy')
const CHART = join(DEPLOY, 'chart')
const OWN_NAMESPACE = 'sealing'
const helm = rigProgram('helm', 'helm')
const kube = rigProgram('kube', 'kube-rig')

interface Manifest extends AnyObject {
  readonly kind: string
  readonly spec?: { readonly template?: { readonly spec: PodSpec } }
  readonly rules?: unknown
}
interface PodSpec {
  readonly containers: readonly [{ readonly args?: readonly string[]; readonly command: readonly string[] }]
}

/** Of the values that are worth a look, by name. */
const VARIANTS: Readonly<Record<string, object>> = {
  'the defaults': {},
  "upstream's name": { fullnameOverride: 'sealed-secrets-controller' },
  'single namespaces': { additionalNamespaces: ['apps', 'shop'], rbac: { clusterRole: false, namespacedRoles: true } },
  'everything': {
    commonLabels: { team: 'x' },
    commonAnnotations: { note: 'n' },
    replicaCount: 3,
    revisionHistoryLimit: 0,
    updateStatus: false,
    skipRecreate: true,
    keyrenewperiod: '0',
    keyttl: '8760h',
    keycutofftime: 'Mon, 02 Jan 2026 15:04:05 +0000',
    rateLimit: 5,
    rateLimitBurst: 6,
    additionalNamespaces: ['apps'],
    privateKeyAnnotations: { a: '1', b: '2' },
    privateKeyLabels: { c: '3' },
    logInfoStdout: false,
    logLevel: 'DEBUG',
    logFormat: 'json',
    maxRetries: 3,
    watchForSecrets: true,
    kubeClientQPS: 20,
    kubeClientBurst: 30,
    httpAccess: 'token',
    oldGcBehavior: true,
    image: { tag: '1', pullSecrets: ['pull'] },
    startupProbe: { enabled: true },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ operator: 'Exists' }],
    podLabels: { p: '1' },
    podAnnotations: { q: '1' },
    dnsPolicy: 'ClusterFirst',
    additionalVolumes: [{ name: 'tmp', emptyDir: {} }],
    additionalVolumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    networkPolicy: { egress: { enabled: true, kubeapiCidr: '10.0.0.1/32', kubeapiPort: 443 } },
    pdb: { minAvailable: 1 },
    extraDeploy: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extra', namespace: OWN_NAMESPACE } }],
  },
  'prebuilt arguments': { args: ['--all-namespaces=false'], command: ['waxseal-controller'], customReadinessProbe: { tcpSocket: { port: 'http' } }, readinessProbe: { enabled: false } },
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-deploy-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function template(values: object, ...options: readonly string[]): Manifest[] {
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(values))
  const text = execFileSync(helm!, ['template', 'sealed-secrets', CHART, '--namespace', OWN_NAMESPACE, '--values', file, ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return manifests(text)
}

function manifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? [])
}

function argsOf(all: readonly Manifest[]): readonly string[] {
  return all.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec.containers[0].args ?? []
}

function rulesOf(all: readonly Manifest[], kind: string, name: string): unknown {
  return all.find((object) => object.kind === kind && object.metadata.name === name)?.rules
}

describe('the alerts', () => {
  const { groups } = parse(readFileSync(join(CHART, 'files', 'alerts.yaml'), 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }

  it('ask for metrics that there are', async () => {
    const metrics = new Metrics({ version: 'v1', omitConditions: false, isLeading: () => true, queue: { length: 0, delayed: 0 }, keys: () => [], openedByKey: () => new Map() })
    const known = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name))
    const asked = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/(?:waxseal|sealed_secrets_controller)_\w+/g) ?? []))
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter((name) => !known.has(name))).toEqual([])
  })
})

describe.skipIf(!helm)(`the chart${helm ? '' : ' (left out: rig helm)'}`, () => {
  it('has nothing to criticise', () => {
    expect(execFileSync(helm!, ['lint', '--strict', CHART], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toContain('0 chart(s) failed')
  })

  it('hands values on as flags that the controller takes', () => {
    for (const values of Object.values(VARIANTS)) expect(() => parseFlags(argsOf(template(values)), {})).not.toThrow()
    const { settings } = parseFlags(argsOf(template(VARIANTS['everything']!)), {})
    expect(settings).toMatchObject({
      'update-status': false,
      'skip-recreate': true,
      'old-gc-behavior': true,
      'key-renew-period': 0,
      'key-ttl': 8760 * 3_600_000,
      'key-cutoff-time': 'Mon, 02 Jan 2026 15:04:05 +0000',
      'privatekey-annotations': 'a=1,b=2',
      'privatekey-labels': 'c=3',
      'additional-namespaces': 'apps',
      'rate-limit': 5,
      'http-access': 'token',
      'kubeclient-qps': 20,
      'log-info-stdout': false,
      'listen-addr': ':8080',
    })
    expect(parseFlags(argsOf(template({})), {}).settings).toEqual(parseFlags([], {}).settings)
  })

  it('permits no more than the manifests do, and what they do', () => {
    const [chart, base] = [template({ fullnameOverride: 'sealed-secrets-controller', namespace: 'kube-system' }), manifests(readFileSync(join(DEPLOY, 'kustomize', 'rbac.yaml'), 'utf8'))]
    expect(rulesOf(chart, 'ClusterRole', 'secrets-unsealer')).toEqual(rulesOf(base, 'ClusterRole', 'secrets-unsealer'))
    expect(rulesOf(chart, 'Role', 'sealed-secrets-controller-key-admin')).toEqual(rulesOf(base, 'Role', 'sealed-secrets-key-admin'))
    expect(rulesOf(chart, 'Role', 'sealed-secrets-controller-service-proxier')).toEqual(rulesOf(base, 'Role', 'sealed-secrets-service-proxier'))
    const deletes = JSON.stringify(template({})).includes('"delete"')
    expect(deletes).toBe(false)
  })

  it('makes roles in single namespaces alone where it is told to', () => {
    const all = template(VARIANTS['single namespaces']!)
    expect(all.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([])
    const unsealers = all.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'secrets-unsealer').map(({ metadata }) => metadata.namespace)
    expect(new Set(unsealers)).toEqual(new Set(['apps', 'sealing', 'shop']))
  })

  it('keeps to upstream in what a release cannot change', () => {
    const deployment = template({}).find(({ kind }) => kind === 'Deployment') as unknown as { spec: { selector: object } }
    expect(deployment.spec.selector).toEqual({ matchLabels: { 'app.kubernetes.io/name': 'sealed-secrets', 'app.kubernetes.io/instance': 'sealed-secrets' } })
  })

  it('brings monitoring where it is asked for', () => {
    const all = template({ metrics: { serviceMonitor: { enabled: true, interval: '30s' }, prometheusRule: { enabled: true, labels: { release: 'p' } } } })
    expect(all.find(({ kind }) => kind === 'ServiceMonitor')).toMatchObject({ spec: { endpoints: [{ port: 'metrics', interval: '30s', honorLabels: true }] } })
    const rule = all.find(({ kind }) => kind === 'PrometheusRule') as unknown as { metadata: object; spec: { groups: { rules: unknown[] }[] } }
    expect(rule.metadata).toMatchObject({ labels: { release: 'p' } })
    expect(rule.spec.groups[0]?.rules.length).toBeGreaterThan(4)
  })

  it('says what it does not make', () => {
    expect(() => template({ ingress: { enabled: true } })).toThrow(/no ingress/)
  })
})

const canApply = helm !== undefined && kube !== undefined
describe.skipIf(!canApply)(`the real API server${canApply ? '' : ' (left out: rigs helm, kube)'}`, () => {
  let cluster: Cluster
  let kubeconfig: string
  beforeAll(async () => {
    cluster = await startCluster('real')
    kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, cluster.kubeconfig)
    const enforced = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    for (const name of [OWN_NAMESPACE, 'apps', 'shop']) await cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: enforced } })
    await cluster.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: OWN_NAMESPACE, name: 'sealed-secrets' } })
    await cluster.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: OWN_NAMESPACE, name: 'sealed-secrets-controller' } })
  })
  afterAll(() => cluster.stop())

  function kubectl(args: readonly string[], input = ''): string {
    return execFileSync(kube!, ['kubectl', ...args], { encoding: 'utf8', input, env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, HOME: folder }, stdio: 'pipe' })
  }

  function apply(objects: readonly object[]): string {
    return kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n'))
  }

  it.each(Object.entries(VARIANTS))('takes the chart with %s, and its pods under the restricted standard', (_name, values) => {
    const all = template(values)
    expect(apply(all).split('\n').length).toBeGreaterThan(all.length)
    const spec = all.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
    // A deployment is only warned about; its pods are refused.
    expect(apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: OWN_NAMESPACE }, spec }])).toContain('pod/p created')
  })

  it('takes the kustomize base, with a component for monitoring beside it', () => {
    const base = manifests(kubectl(['kustomize', join(DEPLOY, 'kustomize')]))
    expect(base.map(({ kind }) => kind).sort()).toEqual(
      ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Role', 'Role', 'RoleBinding', 'RoleBinding', 'Service', 'Service', 'ServiceAccount'],
    )
    apply(base)
    const spec = base.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
    expect(apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: OWN_NAMESPACE }, spec }])).toContain('pod/p created')
  })

  it.each<readonly [string, object, (rig: Rig) => object]>([
    ['in all namespaces', { httpAccess: 'token' }, () => ({})],
    ['in single namespaces', { rbac: { clusterRole: false, namespacedRoles: true } }, ({ apps }) => ({ additionalNamespaces: [apps] })],
  ])('finds the roles of the chart enough %s', async (_where, values, more) => {
    const rig = await Rig.start(cluster, { withKey: false, roles: 'no' })
    try {
      const all = template({ fullnameOverride: rig.account.name, namespace: rig.own, ...values, ...more(rig) })
      for (const object of all.filter(({ kind }) => kind.includes('Role'))) await cluster.put(object)
      const args = argsOf(all).filter((arg) => !arg.startsWith('--listen-'))
      expect((await rig.check(args)).lines.slice(0, 2)).toEqual(['ok       the cluster has SealedSecrets', 'ok       the role permits all that is needed'])
      const controller = await (await rig.controller(args)).ready()
      expect(controller.output).toContain('msg=Leading')
      await rig.apply(rig.seal('a', { k: 'v' }, { key: (await rig.newestKey())! }))
      await waitFor(() => rig.isSynced('a'))
      expect(await controller.stop()).toBe(0)
      expect(await rig.secret('waxseal-state-0', rig.own)).toBeDefined()
      expect(controller.output).not.toMatch(/level=(WARN|ERROR)/)
    } finally {
      await rig.stop()
    }
  })

  it('shows SealedSecrets in the columns of upstream', async () => {
    await cluster.put({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'a', namespace: 'apps' }, spec: { encryptedData: {}, template: { data: { gone: null } } } })
    expect(kubectl(['get', 'sealedsecrets', '-n', 'apps']).split('\n')[0]).toMatch(/^NAME +STATUS +SYNCED +AGE$/)
  })
})

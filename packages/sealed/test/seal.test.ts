import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSealedSecret, readSecret, secretItems, type SealedSecretManifest, type SecretManifest } from '../src/manifest.ts'
import { reencrypt, reencryptAsync } from '../src/reencrypt.ts'
import { scopeLabel, SCOPES, type Scope } from '../src/scope.ts'
import { sealItem } from '../src/hybrid.ts'
import { sealSecret } from '../src/seal.ts'
import { openWith, openWithAsync } from '../src/sealing-key.ts'
import { unsealSecret, unsealSecretAsync, type RenderTemplates } from '../src/unseal.ts'
import { codeOf, errorOf, fixture, fixtureCertificate, fixtureKey, keyNames, recordings } from './support.ts'

const NAMESPACE_WIDE = 'sealedsecrets.bitnami.com/namespace-wide'
const CLUSTER_WIDE = 'sealedsecrets.bitnami.com/cluster-wide'

const { publicKey } = fixtureCertificate('k1')
const keys = keyNames()
  .filter((name) => name !== 'ec')
  .map(fixtureKey)
const open = openWith(keys)

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const secret = (more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): SecretManifest =>
  readSecret({ kind: 'Secret', apiVersion: 'v1', metadata: { name: 'web', namespace: 'shop', ...metadata }, data: { a: base64('1'), b: base64('2') }, ...more })
const moved = (sealed: SealedSecretManifest, metadata: Record<string, unknown>): SealedSecretManifest =>
  readSealedSecret({ ...sealed, metadata: { ...sealed.metadata, ...metadata } })
const withSpec = (sealed: SealedSecretManifest, spec: Record<string, unknown>): SealedSecretManifest =>
  readSealedSecret({ ...sealed, spec: { ...sealed.spec, ...spec } })

describe('recorded SealedSecrets', () => {
  const files = recordings().filter(({ file }) => file.endsWith('.json'))

  it('are there', () => expect(files.length).toBeGreaterThan(10))

  it.each(files)('$file unseals', async ({ file, key, name, namespace, type, plaintext }) => {
    const sealed = readSealedSecret(JSON.parse(fixture(file)))
    const { secret, fingerprints } = unsealSecret(sealed, open)
    expect(secret.data).toEqual(plaintext)
    expect(secret.metadata).toMatchObject({ name, namespace })
    expect(secret.type).toBe(type)
    expect(fingerprints).toEqual([fixtureKey(key).fingerprint])
    expect((await unsealSecretAsync(sealed, openWithAsync(keys))).secret).toEqual(secret)
  })
})

describe('sealing', () => {
  it('takes the scope from the annotations, and keeps them in the template', () => {
    const sealed = sealSecret(secret({}, { annotations: { [NAMESPACE_WIDE]: 'true', note: 'x' } }), publicKey)
    expect(sealed.metadata).toEqual({ name: 'web', namespace: 'shop', annotations: { [NAMESPACE_WIDE]: 'true' } })
    expect(sealed.spec.template.metadata.annotations).toEqual({ [NAMESPACE_WIDE]: 'true', note: 'x' })
  })

  it.each(['TRUE', '1', 'yes', ''])('does not take %j for true', (value) => {
    const sealed = sealSecret(secret({}, { annotations: { [CLUSTER_WIDE]: value } }), publicKey)
    expect(sealed.metadata).toEqual({ name: 'web', namespace: 'shop' })
  })

  it('lets a given scope replace the annotations', () => {
    const input = secret({}, { annotations: { [NAMESPACE_WIDE]: 'true' } })
    expect(sealSecret(input, publicKey, { scope: 'strict' }).spec.template.metadata).toEqual({ name: 'web', namespace: 'shop' })
    expect(sealSecret(input, publicKey, { scope: 'cluster-wide' }).metadata.annotations).toEqual({ [CLUSTER_WIDE]: 'true' })
  })

  it('drops what the server fills in, owners, and annotations that hold the plaintext', () => {
    const metadata = {
      uid: 'u',
      resourceVersion: '1',
      generation: 3,
      creationTimestamp: '2026-01-01T00:00:00Z',
      selfLink: '/x',
      labels: { app: 'web' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'q' }],
      finalizers: ['example.com/f'],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"MQ=="}}', keep: 'me' },
    }
    const { template } = sealSecret(secret({ type: 'Opaque', immutable: true }, metadata), publicKey).spec
    expect(template).toEqual({
      metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' }, annotations: { keep: 'me' }, finalizers: ['example.com/f'] },
      type: 'Opaque',
      immutable: true,
    })
  })

  it('takes stringData before data', () => {
    const { data } = unsealSecret(sealSecret(secret({ stringData: { b: 'ü', c: '' } }), publicKey), open).secret
    expect(data).toEqual({ a: base64('1'), b: base64('ü'), c: '' })
  })

  it.each([
    [{ namespace: '' }, {}, 'NAMESPACE_MISSING'],
    [{ name: '' }, {}, 'NAME_MISSING'],
    [{}, { data: { a: 'not base64' } }, 'SECRET_INVALID'],
  ])('refuses %j %j', (metadata, more, code) => {
    expect(codeOf(() => sealSecret(secret(more, metadata), publicKey))).toBe(code)
  })

  it('needs no namespace for a cluster-wide Secret', () => {
    expect(sealSecret(secret({}, { namespace: '' }), publicKey, { scope: 'cluster-wide' }).metadata).not.toHaveProperty('namespace')
  })

  it('keeps hostile names apart from the program', () => {
    const input = readSecret(JSON.parse(`{"kind":"Secret","apiVersion":"v1","metadata":{"name":"n","namespace":"s","labels":{"__proto__":"l"}},"data":{"__proto__":"MQ==","constructor":"Mg=="}}`))
    const { data, metadata } = unsealSecret(sealSecret(input, publicKey), open).secret
    expect(Object.entries(data ?? {})).toEqual([
      ['__proto__', 'MQ=='],
      ['constructor', 'Mg=='],
    ])
    expect(Object.entries(metadata.labels ?? {})).toEqual([['__proto__', 'l']])
  })
})

describe('scopes', () => {
  it('have the labels of the wire form', () => {
    expect(SCOPES.map((scope) => scopeLabel(scope, 'näme', 'a').toString())).toEqual(['näme/a', 'näme', ''])
  })

  const opens = (sealed: SealedSecretManifest, metadata: Record<string, unknown>): boolean => {
    try {
      unsealSecret(moved(sealed, metadata), open)
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'SEALED_REJECTED', message: 'no key could decrypt secret (a, b)' })
      return false
    }
  }

  it.each<[Scope, boolean, boolean]>([
    ['strict', false, false],
    ['namespace-wide', true, false],
    ['cluster-wide', true, true],
  ])('%s: rename %s, move %s', (scope, renamed, movedAway) => {
    const sealed = sealSecret(secret(), publicKey, { scope })
    expect(opens(sealed, {})).toBe(true)
    expect(opens(sealed, { name: 'other' })).toBe(renamed)
    expect(opens(sealed, { namespace: 'other' })).toBe(movedAway)
    expect(opens(sealed, { annotations: scope === 'strict' ? { [CLUSTER_WIDE]: 'true' } : {} })).toBe(false)
  })

  it('are read from the object, never from its template', () => {
    const sealed = sealSecret(secret(), publicKey)
    const template = { metadata: { name: 'web', namespace: 'shop', annotations: { [CLUSTER_WIDE]: 'true' } } }
    expect(unsealSecret(withSpec(sealed, { template }), open).secret.data).toEqual({ a: base64('1'), b: base64('2') })
  })
})

describe('unsealing', () => {
  const sealed = sealSecret(secret({ type: 'Opaque' }, { labels: { app: 'web' } }), publicKey)

  it('forces name, namespace and owner on the Secret', () => {
    const template = { metadata: { name: 'x', namespace: 'y', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'q' }] } }
    const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'web', uid: 'u-1', controller: true }
    const { secret } = unsealSecret(moved(withSpec(sealed, { template }), { uid: 'u-1' }), open)
    expect(secret.metadata).toEqual({ name: 'web', namespace: 'shop', ownerReferences: [owner] })
  })

  it('leaves the owners of a template that asks for it', () => {
    const annotations = { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' }
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'q' }]
    const { secret } = unsealSecret(withSpec(sealed, { template: { metadata: { annotations, ownerReferences } } }), open)
    expect(secret.metadata).toEqual({ name: 'web', namespace: 'shop', annotations, ownerReferences })
  })

  it('groups failures by their text, in order', () => {
    const { a = '' } = sealed.spec.encryptedData
    const { code, message, reports } = errorOf(() => unsealSecret(withSpec(sealed, { encryptedData: { z: 'AA==', bad: '%', a, y: '' } }), open))
    expect([code, message]).toEqual(['SEALED_REJECTED', 'illegal base64 data at input byte 0 (bad)\nno key could decrypt secret (y, z)'])
    expect(reports).toHaveLength(3)
    expect(codeOf(() => unsealSecret(withSpec(sealed, { encryptedData: { bad: '%' } }), open))).toBe('SEALED_MALFORMED')
  })

  it('reads items that are no strings as empty ones, and no map as no items', () => {
    expect(errorOf(() => unsealSecret(withSpec(sealed, { encryptedData: { n: 1, m: null } }), open)).message).toBe('no key could decrypt secret (m, n)')
    expect(unsealSecret(withSpec(sealed, { encryptedData: 'text' }), open).secret).not.toHaveProperty('data')
  })

  it('reads what older versions wrote', () => {
    const old = withSpec(sealed, { data: null, template: { metadata: { name: 'web', creationTimestamp: null }, data: null } })
    expect(unsealSecret(old, open).secret.data).toEqual({ a: base64('1'), b: base64('2') })
  })

  it.each([
    [{ kind: 'Secret' }, 'SECRET_INVALID'],
    [{ apiVersion: 'bitnami.com/v2' }, 'SECRET_INVALID'],
    [{ spec: 'x' }, 'SECRET_INVALID'],
    [{ spec: { template: { type: 1 } } }, 'SECRET_INVALID'],
    [{ spec: { template: { data: { a: 1 } } } }, 'SECRET_INVALID'],
    [{ metadata: { labels: { a: 1 } } }, 'SECRET_INVALID'],
    [{ metadata: { ownerReferences: {} } }, 'SECRET_INVALID'],
  ])('refuses a manifest with %j', (change, code) => {
    expect(codeOf(() => readSealedSecret({ ...sealed, ...change }))).toBe(code)
  })
})

describe('templates', () => {
  const sealed = sealSecret(secret(), publicKey)
  const withTemplates = (data: Record<string, unknown>): SealedSecretManifest => withSpec(sealed, { template: { metadata: {}, data } })
  const upperCase: RenderTemplates = (templates, values) =>
    new Map([...templates].map(([name, text]) => [name, Buffer.from(`${text.toUpperCase()}${Buffer.from(values.get('a') ?? []).toString()}`)]))

  it('add keys; decrypted items win', () => {
    const { secret, itemNames, templateNames } = unsealSecret(withTemplates({ c: 'x', a: 'never' }), open, { render: upperCase })
    expect(secret.data).toEqual({ a: base64('1'), b: base64('2'), c: base64('X1') })
    expect([itemNames, templateNames]).toEqual([['a', 'b'], ['c']])
  })

  it('that are null leave an item out', () => {
    const { secret, itemNames } = unsealSecret(withTemplates({ a: null, c: 'x', d: null }), open, { render: upperCase })
    expect(secret.data).toEqual({ b: base64('2'), c: base64('X1') })
    expect(itemNames).toEqual(['b'])
  })

  it('fail for their own faults only: what keeps a renderer from its work is told as it is', async () => {
    const broken = new Error('no process')
    await expect(unsealSecretAsync(withTemplates({ c: 'x' }), openWithAsync(keys), { render: () => Promise.reject(broken) })).rejects.toBe(broken)
  })

  it('are not looked at without a renderer', () => {
    expect(unsealSecret(withTemplates({ c: 'x' }), open).secret.data).toEqual({ a: base64('1'), b: base64('2') })
  })

  it('that fail are told by name', () => {
    const failures = new Map([
      ['d', 'template: d:1: unclosed action'],
      ['c', 'template: c:1: unclosed action'],
    ])
    const render: RenderTemplates = () => {
      throw Object.assign(new Error('two templates'), { failures })
    }
    const { code, message } = errorOf(() => unsealSecret(withTemplates({ c: 'x', d: 'y' }), open, { render }))
    expect([code, message]).toEqual(['TEMPLATE_FAILED', 'template: c:1: unclosed action (c)\ntemplate: d:1: unclosed action (d)'])
  })
})

describe('a whole Secret sealed into spec.data', () => {
  const whole = (text: string): SealedSecretManifest => {
    const data = sealItem(Buffer.from(text), publicKey, Buffer.from('shop/web'))
    return readSealedSecret({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', metadata: { name: 'web', namespace: 'shop' }, spec: { data, encryptedData: {} } })
  }
  const inner = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'x', labels: { l: '1' } }, type: 'T', data: { k: base64('v') } }

  it('opens when it is accepted', async () => {
    const sealed = whole(JSON.stringify(inner))
    const { secret, itemNames } = unsealSecret(sealed, open, { acceptWholeSecret: true })
    expect(secret).toMatchObject({ type: 'T', data: { k: base64('v') }, metadata: { name: 'web', namespace: 'shop', labels: { l: '1' } } })
    expect(itemNames).toEqual(['k'])
    expect((await unsealSecretAsync(sealed, openWithAsync(keys), { acceptWholeSecret: true })).secret).toEqual(secret)
  })

  it('is refused otherwise, beside items, and when it is no Secret', () => {
    const sealed = whole(JSON.stringify(inner))
    expect(errorOf(() => unsealSecret(sealed, open)).message).toMatch(/^using deprecated 'data' field/)
    const both = withSpec(sealed, { encryptedData: { a: 'AA==' } })
    expect(errorOf(() => unsealSecret(both, open, { acceptWholeSecret: true })).message).toMatch(/^cannot use the field 'encryptedData'/)
    expect(codeOf(() => unsealSecret(whole('no json'), open, { acceptWholeSecret: true }))).toBe('SEALED_REJECTED')
    expect(codeOf(() => unsealSecret(withSpec(sealed, { data: '' }), open, { acceptWholeSecret: true }))).toBe('SEALED_REJECTED')
    expect(codeOf(() => reencrypt(sealed, open, publicKey))).toBe('SECRET_INVALID')
  })
})

describe('re-encrypting', () => {
  const newest = fixtureCertificate('small')

  it('seals every item to the given key, and keeps templates', async () => {
    const sealed = withSpec(sealSecret(secret({ type: 'T' }), publicKey), { template: { type: 'T', data: { c: '{{ .a }}', a: null } } })
    for (const again of [reencrypt(sealed, open, newest.publicKey), await reencryptAsync(sealed, openWithAsync(keys), newest.publicKey)]) {
      expect(again.spec.template).toEqual({ metadata: { name: 'web', namespace: 'shop' }, type: 'T', data: { a: null, c: '{{ .a }}' } })
      expect(Object.keys(again.spec.encryptedData)).toEqual(['a', 'b'])
      expect(unsealSecret(again, openWith([fixtureKey('small')])).fingerprints).toEqual([newest.fingerprint])
    }
  })

  it('cannot be used to widen the scope', () => {
    const sealed = sealSecret(secret(), publicKey)
    const widened = withSpec(sealed, { template: { metadata: { annotations: { [CLUSTER_WIDE]: 'true' } } } })
    const again = reencrypt(widened, open, newest.publicKey)
    expect(again.metadata).toEqual({ name: 'web', namespace: 'shop' })
    expect(again.spec.template.metadata).toEqual({ name: 'web', namespace: 'shop' })
    expect(codeOf(() => unsealSecret(moved(again, { name: 'other' }), open))).toBe('SEALED_REJECTED')
  })

  it('fails as a whole', () => {
    const sealed = sealSecret(secret(), publicKey)
    expect(codeOf(() => reencrypt(moved(sealed, { name: 'other' }), open, newest.publicKey))).toBe('SEALED_REJECTED')
  })
})

it('unsealing inverts sealing', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/)
  fc.assert(
    fc.property(fc.constantFrom(...SCOPES), word, word, fc.dictionary(word, fc.uint8Array(), { maxKeys: 3 }), (scope, namespace, name, items) => {
      const data = Object.fromEntries(Object.entries(items).map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]))
      const input = readSecret({ kind: 'Secret', apiVersion: 'v1', metadata: { name, namespace }, data })
      const sealed = readSealedSecret(JSON.parse(JSON.stringify(sealSecret(input, publicKey, { scope }))))
      expect(secretItems(unsealSecret(sealed, openWith([fixtureKey('k1')])).secret)).toEqual(secretItems(input))
    }),
    { numRuns: 40 },
  )
})

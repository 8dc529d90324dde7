import { describe, expect, it } from 'vitest'
import type { SecretManifest, Unsealed } from '@waxseal/sealed'
import type { Observed, SealedSecretObject, SecretObject } from '../src/observe.ts'
import { reconcile, type Action, type Policy, type UnsealOutcome } from '../src/reconcile.ts'

const P = 'sealedsecrets.bitnami.com/'
const UID = 'uid-of-sealed'
const OWNER = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'a', uid: UID, controller: true }
const NOW = 1_700_000_000_000
const POLICY: Policy = { deleteWithSealedSecret: false, updateStatus: true, followsSecrets: true }
const b64 = (text: string): string => Buffer.from(text).toString('base64')

type Status = NonNullable<SealedSecretObject['status']>

const TRUE: Status = { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'True' }] }
const FALSE: Status = { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'False', message: 'no key could decrypt secret (k)' }] }

function sealed(status?: Status, metadata: object = {}): SealedSecretObject {
  return { metadata: { namespace: 'ns', name: 'a', uid: UID, generation: 1, ...metadata }, ...(status ? { status } : {}) }
}

interface Parts {
  readonly data?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly owned?: boolean
  readonly type?: string
  readonly immutable?: boolean
}

/** A Secret as the server has it. */
function secret({ data = { k: 'v' }, labels, annotations, owned = true, type = 'Opaque', immutable }: Parts = {}): SecretObject {
  return {
    metadata: {
      namespace: 'ns',
      name: 'a',
      uid: 'uid-of-secret',
      resourceVersion: '7',
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(owned ? { ownerReferences: [OWNER] } : {}),
    },
    data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, b64(text)])),
    type,
    ...(immutable === undefined ? {} : { immutable }),
  }
}

function opened({ data = { k: 'v' }, labels, annotations, owned = true, type, immutable }: Parts = {}, templateNames: readonly string[] = []): UnsealOutcome {
  const manifest: SecretManifest = {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { namespace: 'ns', name: 'a', ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}), ...(owned ? { ownerReferences: [OWNER] } : {}) },
    data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, b64(text)])),
    ...(type === undefined ? {} : { type }),
    ...(immutable === undefined ? {} : { immutable }),
  }
  const unsealed: Unsealed = { secret: manifest, itemNames: Object.keys(data).filter((name) => !templateNames.includes(name)), templateNames, fingerprints: ['SHA256:x'] }
  return { type: 'opened', unsealed }
}

function seen(more: Partial<Observed> = {}): Observed {
  return { namespace: 'ns', name: 'a', sealed: sealed(), secret: null, remembered: {}, nowMs: NOW, ...more }
}

const kinds = (actions: readonly Action[]): string[] => actions.map((action) => (action.do === 'emit' ? `emit ${action.reason}` : action.do === 'countError' ? `count ${action.reason}` : action.do))

function replaced(actions: readonly Action[]): SecretObject {
  const found = actions.find((action) => action.do === 'replaceSecret')
  if (!found) throw new Error('nothing is replaced')
  return found.secret
}

describe('reconcile decides', () => {
  const CREATED = ['createSecret', 'setStatus', 'emit Unsealed', 'remember']
  const REPLACED = ['replaceSecret', 'setStatus', 'emit Unsealed', 'remember']
  const UNMANAGED = ['count unmanaged', 'emit ErrUpdateFailed', 'setStatus']

  it.each<[string, Partial<Observed>, UnsealOutcome, readonly string[]]>([
    ['no Secret yet', {}, opened(), CREATED],
    ['the Secret was deleted after it was in sync', { sealed: sealed(TRUE) }, opened(), ['createSecret', 'emit Unsealed', 'remember']],
    ['everything is in sync', { sealed: sealed(TRUE), secret: secret() }, opened(), ['remember']],
    ['everything is in sync, but the status was never told', { secret: secret() }, opened(), ['setStatus', 'emit Unsealed', 'remember']],
    ['the Secret is right after a failure', { sealed: sealed(FALSE), secret: secret() }, opened(), ['setStatus', 'emit Unsealed', 'remember']],
    ['a new generation has other data', { sealed: sealed(TRUE, { generation: 2 }), secret: secret() }, opened({ data: { k: 'new' } }), REPLACED],
    ['a new generation has other labels', { sealed: sealed(TRUE, { generation: 2 }), secret: secret() }, opened({ labels: { app: 'x' } }), REPLACED],
    ['a new generation changes nothing', { sealed: sealed(TRUE, { generation: 2 }), secret: secret() }, opened(), ['setStatus', 'emit Unsealed', 'remember']],
    ['only immutable differs, which counts at creation alone', { sealed: sealed(TRUE, { generation: 2 }), secret: secret() }, opened({ immutable: true }), ['setStatus', 'emit Unsealed', 'remember']],
    ['data was edited', { sealed: sealed(TRUE), secret: secret({ data: { k: 'edited' } }) }, opened(), ['replaceSecret', 'emit Restored', 'remember']],
    ['an item was added by others', { sealed: sealed(TRUE), secret: secret({ data: { k: 'v', x: '1' } }) }, opened(), ['replaceSecret', 'emit Restored', 'remember']],
    ['an item was taken away', { sealed: sealed(TRUE), secret: secret({ data: {} }) }, opened(), ['replaceSecret', 'emit Restored', 'remember']],
    ['labels were added by others', { sealed: sealed(TRUE), secret: secret({ labels: { by: 'hand' } }) }, opened(), ['remember']],
    ['a template gives another text each time', { sealed: sealed(TRUE), secret: secret({ data: { k: 'v', t: 'then' } }) }, opened({ data: { k: 'v', t: 'now' } }, ['t']), ['remember']],
    ['the key of a template is gone', { sealed: sealed(TRUE), secret: secret() }, opened({ data: { k: 'v', t: 'now' } }, ['t']), ['replaceSecret', 'emit Restored', 'remember']],
    ['an item that patch does not define was edited', { sealed: sealed(TRUE), secret: secret({ data: { k: 'v', own: '1' }, annotations: { [`${P}patch`]: 'true' }, owned: false }) }, opened(), ['remember']],
    ['the name is taken', { secret: secret({ owned: false }) }, opened(), UNMANAGED],
    ['the name is taken by a SealedSecret of another uid', { sealed: sealed(undefined, { uid: 'other' }), secret: secret() }, opened(), UNMANAGED],
    ['the Secret of a predecessor waits for the garbage collector', { sealed: sealed(undefined, { uid: 'other', creationTimestamp: new Date(NOW - 5000).toISOString() }), secret: secret() }, opened(), ['lookAgain']],
    ['the Secret of a predecessor stays', { sealed: sealed(undefined, { uid: 'other', creationTimestamp: new Date(NOW - 60_000).toISOString() }), secret: secret() }, opened(), UNMANAGED],
    ['managed is misspelt', { secret: secret({ owned: false, annotations: { [`${P}managed`]: 'True' } }) }, opened(), UNMANAGED],
    ['the owner reference was taken away', { sealed: sealed(TRUE), secret: secret({ owned: false }) }, opened(), UNMANAGED],
    ['the owner is skipped and nothing said instead', {}, opened({ owned: false }), ['createSecret', ...UNMANAGED]],
    ['the owner is skipped and the template is managed', {}, opened({ owned: false, annotations: { [`${P}managed`]: 'true' } }), CREATED],
    ['the owner is skipped and the template is a patch', {}, opened({ owned: false, annotations: { [`${P}patch`]: 'true' } }), CREATED],
    ['no key opens it', {}, { type: 'failed', message: 'no key could decrypt secret (k)' }, ['count unseal', 'emit ErrUnsealFailed', 'setStatus']],
    ['no key opens it, and the status says so', { sealed: sealed(FALSE) }, { type: 'failed', message: 'no key could decrypt secret (k)' }, ['count unseal', 'emit ErrUnsealFailed']],
    ['it fails with another message than before', { sealed: sealed(FALSE) }, { type: 'failed', message: 'other' }, ['count unseal', 'emit ErrUnsealFailed', 'setStatus']],
    ['the SealedSecret is gone', { sealed: null }, { type: 'none' }, []],
    ['the SealedSecret is being deleted', { sealed: sealed(TRUE, { deletionTimestamp: 'now' }) }, { type: 'none' }, []],
  ])('%s', (_case, observed, outcome, expected) => {
    const actions = reconcile(seen(observed), outcome, POLICY)
    expect(kinds(actions)).toEqual(expected)
  })

  it('follows its policy', () => {
    const [none, old] = [{ type: 'none' } as const, { ...POLICY, deleteWithSealedSecret: true }]
    expect(reconcile(seen({ sealed: null, secret: secret() }), none, old)).toEqual([{ do: 'deleteSecret', uid: 'uid-of-secret' }])
    const managed = secret({ owned: false, annotations: { [`${P}managed`]: 'true' } })
    expect(kinds(reconcile(seen({ sealed: null, secret: managed }), none, old))).toEqual(['deleteSecret'])
    for (const foreign of [null, secret({ owned: false }), secret({ owned: false, annotations: { [`${P}patch`]: 'true' } })]) {
      expect(reconcile(seen({ sealed: null, secret: foreign }), none, old)).toEqual([])
    }
    expect(kinds(reconcile(seen(), opened(), { ...POLICY, updateStatus: false }))).toEqual(['createSecret', 'emit Unsealed', 'remember'])
    expect(kinds(reconcile(seen({ secret: secret({ owned: false }) }), opened(), { ...POLICY, followsSecrets: false }))).toEqual([...UNMANAGED, 'retry'])
  })

  it('plans nothing on a second run', () => {
    const [first] = reconcile(seen(), opened(), POLICY)
    if (first?.do !== 'createSecret') throw new Error('nothing is created')
    const there: SecretObject = { ...first.secret, metadata: { ...first.secret.metadata, resourceVersion: '1' }, type: 'Opaque' }
    expect(kinds(reconcile(seen({ sealed: sealed(TRUE), secret: there }), opened(), POLICY))).toEqual(['remember'])
  })

  it('tells who has the name, in the words of upstream', () => {
    const actions = reconcile(seen({ secret: secret({ owned: false }) }), opened(), POLICY)
    expect(actions).toContainEqual({ do: 'emit', type: 'Warning', reason: 'ErrUpdateFailed', message: 'Resource "a" already exists and is not managed by SealedSecret' })
    expect(actions).toContainEqual({ do: 'setStatus', state: { generation: 1, synced: false, message: 'failed update: Resource "a" already exists and is not managed by SealedSecret' } })
  })
})

describe('reconcile computes the Secret', () => {
  const ANNOTATED = { [`${P}managed`]: 'true', x: 'y' }
  const wanted = opened({ data: { k: 'v' }, labels: { app: 'x' }, annotations: { note: 'n' }, type: 'kubernetes.io/basic-auth' })

  it('replaces data, labels, annotations and owner of a managed Secret', () => {
    const there = secret({ owned: false, data: { old: '1', k: 'old' }, labels: { mine: '1' }, annotations: ANNOTATED })
    const result = replaced(reconcile(seen({ secret: there }), wanted, POLICY))
    expect(result.data).toEqual({ k: b64('v') })
    expect(result.metadata).toMatchObject({ labels: { app: 'x' }, annotations: { note: 'n' }, ownerReferences: [OWNER], resourceVersion: '7', uid: 'uid-of-secret' })
    expect(result.type).toBe('kubernetes.io/basic-auth')
  })

  it('merges into a patched Secret and takes no ownership', () => {
    const there = secret({ owned: false, data: { old: '1', k: 'old' }, labels: { mine: '1' }, annotations: { [`${P}patch`]: 'true' } })
    const result = replaced(reconcile(seen({ secret: there }), wanted, POLICY))
    expect(result.data).toEqual({ old: b64('1'), k: b64('v') })
    expect(result.metadata.labels).toEqual({ mine: '1', app: 'x' })
    expect(result.metadata.annotations).toEqual({ [`${P}patch`]: 'true', note: 'n' })
    expect(result.metadata.ownerReferences).toBeUndefined()
  })

  it.each([
    ['the Secret', { [`${P}patch`]: 'true', [`${P}managed`]: 'true' }, {}],
    ['the template', { [`${P}patch`]: 'true' }, { [`${P}managed`]: 'true' }],
  ])('owns a patched Secret when %s is managed too', (_who, annotations, template) => {
    const actions = reconcile(seen({ secret: secret({ owned: false, data: { old: '1' }, annotations }) }), opened({ annotations: template }), POLICY)
    expect(replaced(actions)).toMatchObject({ metadata: { ownerReferences: [OWNER] }, data: { old: b64('1'), k: b64('v') } })
  })

  it('leaves the type to Opaque where the template says none, as the server would', () => {
    const there = secret({ owned: false, annotations: { [`${P}patch`]: 'true' }, type: 'kubernetes.io/basic-auth' })
    expect(replaced(reconcile(seen({ secret: there }), opened(), POLICY)).type).toBe('Opaque')
  })

  it('restores data alone', () => {
    const there = secret({ data: { k: 'edited' }, labels: { by: 'hand' }, annotations: { by: 'hand' } })
    const result = replaced(reconcile(seen({ sealed: sealed(TRUE), secret: there }), wanted, POLICY))
    expect(result).toEqual({ ...there, data: { k: b64('v') } })
  })

  it('marks the replacement of an immutable Secret', () => {
    const there = secret({ data: { k: 'old' }, immutable: true })
    const actions = reconcile(seen({ sealed: sealed(TRUE, { generation: 2 }), secret: there }), opened(), POLICY)
    expect(actions[0]).toMatchObject({ do: 'replaceSecret', isImmutable: true, restores: false })
  })

  it('writes the data of a whole Secret that came with stringData', () => {
    const outcome = opened()
    if (outcome.type !== 'opened') throw new Error('not opened')
    const unsealed: Unsealed = { ...outcome.unsealed, secret: { ...outcome.unsealed.secret, stringData: { s: 'text' } } }
    const result = replaced(reconcile(seen({ secret: secret() }), { type: 'opened', unsealed }, POLICY))
    expect(result.data).toEqual({ k: b64('v'), s: b64('text') })
  })
})

describe('reconcile waits longer each time somebody keeps editing', () => {
  const edited = { sealed: sealed(TRUE), secret: secret({ data: { k: 'edited' } }) }
  it.each([
    ['the first time', undefined, 'replaceSecret'],
    ['at once after a restoration', { times: 1, lastMs: NOW }, 1000],
    ['after the fifth', { times: 5, lastMs: NOW - 1000 }, 15_000],
    ['after very many', { times: 50, lastMs: NOW }, 300_000],
    ['when the wait is over', { times: 2, lastMs: NOW - 2000 }, 'replaceSecret'],
    ['when it has been quiet for long', { times: 50, lastMs: NOW - 600_001 }, 'replaceSecret'],
  ])('%s', (_when, restored, expected) => {
    const [action] = reconcile(seen({ ...edited, remembered: { restored } }), opened(), POLICY)
    if (typeof expected === 'number') expect(action).toEqual({ do: 'lookAgain', afterMs: expected })
    else expect(action?.do).toBe(expected)
  })
})

describe('reconcile of a Secret that is as it was left', () => {
  it('writes nothing but a status that is missing', () => {
    const there = secret({ data: { k: 'djE=' } })
    expect(kinds(reconcile(seen({ secret: there }), { type: 'asLeft' }, POLICY))).toEqual(['setStatus', 'remember'])
    expect(kinds(reconcile(seen({ secret: there }), { type: 'asLeft' }, { ...POLICY, updateStatus: false }))).toEqual(['remember'])
  })
})

describe('reconcile without status updates', () => {
  const policy = { ...POLICY, updateStatus: false }
  const inSync = { generation: 1, scope: 'strict', secretUid: 'uid-of-secret', secretVersion: '7', fingerprint: 'SHA256:k', digest: 'd' }

  it('knows what was in sync from memory', () => {
    const there = secret({ data: { k: 'edited' }, labels: { by: 'hand' } })
    const actions = reconcile(seen({ secret: there, remembered: { inSync } }), opened(), policy)
    expect(replaced(actions).metadata.labels).toEqual({ by: 'hand' })
    expect(kinds(actions)).toEqual(['replaceSecret', 'emit Restored', 'remember'])
  })
})

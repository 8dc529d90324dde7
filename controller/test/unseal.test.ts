import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/version.ts'
import { CodedError } from '@waxseal/core'
import { renderTemplates } from '@waxseal/go-template'
import type { InSync } from '../src/memory.ts'
import type { Observed, SecretObject } from '../src/observe.ts'
import { unseal } from '../src/unseal.ts'
import manifest from '../package.json' with { type: 'json' }

describe('the version', () => {
  it('is the one of the package', () => {
    expect(VERSION).toBe(`v${manifest.version}`)
  })
})

describe('unseal', () => {
  const failureOf = async (template: string): Promise<string> => {
    const sealed = { metadata: { name: 'n', namespace: 'ns' }, spec: { encryptedData: { p: 'sealed' }, template: { data: { cfg: template } } } }
    const open = async () => ({ bytes: Buffer.from('hunter2://a b:c%'), fingerprint: 'SHA256:k' })
    const outcome = await unseal({ namespace: 'ns', name: 'n', sealed, secret: null, remembered: {}, nowMs: 0 }, { open, render: renderTemplates, acceptWholeSecret: true, digest: () => '' })
    return outcome.type === 'failed' ? outcome.message : outcome.type
  }

  it.each(['{{ range .p }}{{ end }}', '{{ fail .p }}', '{{ urlParse .p }}', '{{ printf "%s!" .p | fail }}', '{{ semver .p }}'])('tells no value when a template fails: %s', async (template) => {
    const message = await failureOf(template)
    expect(message).toMatch(/^template: cfg:1:\d+: executing "cfg" at <.*>: .*\(not shown: it may hold a value\) \(cfg\)$/)
    expect(message).not.toContain('hunter2')
  })

  it('tells what the template itself says', async () => {
    expect(await failureOf('{{ fail "boom" }}')).toBe('template: cfg:1:3: executing "cfg" at <fail "boom">: error calling fail: boom (cfg)')
    expect(await failureOf('{{ index .p "x" ')).toMatch(/^template: cfg:1: unclosed action/)
  })

  it('tells of a thousand failures no more than a status can hold', async () => {
    const encryptedData = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`item-${n}-${'x'.repeat(200)}`, 'sealed']))
    const sealed = { metadata: { name: 'n', namespace: 'ns' }, spec: { encryptedData } }
    const open = async (): Promise<never> => Promise.reject(new CodedError('SEALED_REJECTED', 'no key could decrypt secret'))
    const outcome = await unseal({ namespace: 'ns', name: 'n', sealed, secret: null, remembered: {}, nowMs: 0 }, { open, render: renderTemplates, acceptWholeSecret: true, digest: () => '' })
    expect(outcome).toMatchObject({ type: 'failed', message: expect.stringMatching(/^no key could decrypt secret \(item-0-x.{4000,4200}\.\.\.$/) as string })
  })

  const digest = (fingerprint: string, { data }: SecretObject): string => `${fingerprint} ${JSON.stringify(data)}`
  const uid = 'uid-of-sealed'
  const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'n', uid, controller: true }
  const secret: SecretObject = { metadata: { uid: 's', resourceVersion: '9', ownerReferences: [owner] }, data: { p: 'eA==' } }
  const inSync: InSync = { generation: 1, scope: 'strict', secretUid: 's', secretVersion: '7', fingerprint: 'SHA256:k', digest: digest('SHA256:k', secret) }
  const asLeft: Observed = {
    namespace: 'ns',
    name: 'n',
    sealed: { metadata: { name: 'n', namespace: 'ns', uid, generation: 1 }, spec: { encryptedData: { p: 'sealed' } } },
    secret,
    remembered: { inSync },
    nowMs: 0,
  }

  it.each<readonly [string, string, Observed]>([
    ['a moved version', 'asLeft', asLeft],
    ['edited data', 'opened', { ...asLeft, secret: { ...secret, data: { p: 'eQ==' } } }],
    ['an owner that is gone', 'opened', { ...asLeft, secret: { ...secret, metadata: { uid: 's' } } }],
    ['no Secret', 'opened', { ...asLeft, secret: null }],
    ['another generation', 'opened', { ...asLeft, remembered: { inSync: { ...inSync, generation: 2 } } }],
    ['another scope', 'opened', { ...asLeft, remembered: { inSync: { ...inSync, scope: 'cluster-wide' } } }],
    ['a digest that nobody made', 'opened', { ...asLeft, remembered: { inSync: { ...inSync, digest: '' } } }],
    ['nothing remembered', 'opened', { ...asLeft, remembered: {} }],
  ])('opens only where something may differ: %s', async (_what, expected, observed) => {
    const open = async () => ({ bytes: Buffer.from('x'), fingerprint: 'SHA256:k' })
    const outcome = await unseal(observed, { open, render: renderTemplates, acceptWholeSecret: true, digest })
    expect(outcome.type).toBe(expected)
  })
})

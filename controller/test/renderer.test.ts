import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { unsealSecretAsync, type SealedSecretManifest } from '@waxseal/sealed'
import { Renderer } from '../src/renderer.ts'

const textsOf = (rendered: ReadonlyMap<string, Uint8Array>): Record<string, string> => Object.fromEntries([...rendered].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))

async function messageOf(renderer: Renderer, template: string): Promise<string> {
  const sealed: SealedSecretManifest = { kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', metadata: { name: 'n', namespace: 'ns' }, spec: { template: { metadata: {}, data: { cfg: template } }, encryptedData: {} } }
  const open = (): Promise<never> => Promise.reject(new TypeError('nothing is sealed'))
  try {
    await unsealSecretAsync(sealed, open, { render: renderer.render })
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no failure'
}

describe('the process that renders', () => {
  it('renders what is asked, one after the other', async () => {
    const { render } = new Renderer()
    const values = new Map([['user', Buffer.from('bob')], ['raw', Buffer.from([0xff, 0])]])
    const [a, b] = await Promise.all([render(new Map([['url', 'u={{ .user }}']]), values), render(new Map([['copy', '{{ .raw }}']]), values)])
    expect(textsOf(a)).toEqual({ url: 'u=bob' })
    expect([...(b.get('copy') ?? [])]).toEqual([0xff, 0])
  })

  it('tells of each template that fails', async () => {
    expect(await messageOf(new Renderer(), '{{ fail "no" }}')).toBe('TEMPLATE_FAILED: template: cfg:1:3: executing "cfg" at <fail "no">: error calling fail: no (cfg)')
  })

  it('leaves the event loop to others while a template is busy', async () => {
    let isBusy = true
    const rendering = messageOf(new Renderer(), '{{ range 100000 }}{{ $x := bcrypt "x" }}{{ end }}').finally(() => (isBusy = false))
    await setImmediate()
    expect(isBusy).toBe(true)
    expect(await rendering).toMatch(/^TEMPLATE_FAILED: template: cfg: the template takes too (long|many steps) \(cfg\)$/)
  })

  it('is ended when a template does not keep its own bounds', async () => {
    expect(await messageOf(new Renderer({ longestMs: 1 }), '{{ genPrivateKey "rsa" }}')).toBe('TEMPLATE_FAILED: the templates take too long')
  })

  it('is ended when it takes too much memory, and the next one starts afresh', async () => {
    const renderer = new Renderer({ maxHeapMb: 24, longestMs: 600_000 })
    expect(await messageOf(renderer, '{{ $l := list }}{{ range 100 }}{{ $l = append $l (until 200000) }}{{ end }}')).toBe('TEMPLATE_FAILED: the templates take too much memory')
    expect(await messageOf(renderer, 'fine')).toBe('no failure')
  })
})

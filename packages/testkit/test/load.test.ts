import { afterEach, beforeEach, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../src/index.ts'
import { events, SEALED_SECRET_CRD, send, type Answer, type Json, type Question } from './http-client.ts'

const COUNT = 2000
const PATH = '/apis/bitnami.com/v1alpha1/sealedsecrets'
/** Generous for a busy machine: it takes a tenth of this. */
const LIMIT_MS = 20_000

let server: ApiServer
const ask = (path: string, question?: Question): Promise<Answer> => send({ url: server.url, caPem: server.caPem, token: server.adminToken }, path, question)
const put = (index: number, value: string): unknown =>
  server.put({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: `s${index}`, namespace: 'default' }, spec: { encryptedData: { a: value } } })

beforeEach(async () => {
  server = await startApiServer({ crds: [SEALED_SECRET_CRD] })
})
afterEach(() => server.close())

it('lists two thousand objects in pages and watches them change', { timeout: 4 * LIMIT_MS }, async () => {
  const started = Date.now()
  const value = 'A'.repeat(2000)
  for (let i = 0; i < COUNT; i++) put(i, value)
  const seen = new Set<string>()
  let page: Json = { metadata: { continue: '' } }
  do {
    page = (await ask(`${PATH}?limit=500&continue=${page.metadata.continue}`)).body
    for (const item of page.items) seen.add(item.metadata.name)
  } while (page.metadata.continue)
  expect(seen.size).toBe(COUNT)

  const watching = ask(`${PATH}?watch=true&resourceVersion=${page.metadata.resourceVersion}`, {
    until: (text) => text.length > COUNT * value.length && text.split('\n').length > COUNT,
  })
  for (let i = 0; i < COUNT; i++) put(i, `${value}B`)
  expect(new Set(events((await watching).text).map(({ type, object }) => `${type} ${object.metadata.name}`)).size).toBe(COUNT)
  expect(Date.now() - started).toBeLessThan(LIMIT_MS)
})

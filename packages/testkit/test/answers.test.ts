import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../src/index.ts'
import { askAll, type Recorded } from './answers/ask.ts'
import { CASES } from './answers/cases.ts'
import { RECORDED } from './answers/record.ts'
import { SEALED_SECRET_CRD, type Json } from './http-client.ts'

/** The recording was not disturbed by the namespace controller either. */
const NEVER_MS = 600_000

const real = JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, Recorded>
let server: ApiServer
let ours: Record<string, Recorded>

beforeAll(async () => {
  server = await startApiServer({ crds: [SEALED_SECRET_CRD], backgroundDelayMs: NEVER_MS })
  ours = JSON.parse(JSON.stringify(await askAll({ url: server.url, caPem: server.caPem, token: server.adminToken }, CASES))) as typeof ours
})
afterAll(() => server.close())

/** What counts of an answer whose wording is its own. */
function essence({ status, headers, body }: Recorded): Json {
  const causes: Json[] = body.details?.causes ?? []
  return { status, type: headers['content-type'], reason: body.reason, causes: causes.map(({ field, reason }) => `${field} ${reason}`).sort() }
}

describe('answers of kube-apiserver 1.37.2', () => {
  it('are recorded for every case', () => {
    expect(Object.keys(real).sort()).toEqual(CASES.map(({ name }) => name).sort())
    expect(CASES.length).toBeGreaterThan(150)
  })

  it.each(CASES)('$name', ({ name, ownWording }) => {
    const [wanted, got] = [real[name], ours[name]] as [Recorded, Recorded]
    if (ownWording) expect(essence(got)).toEqual(essence(wanted))
    else expect(got).toEqual(wanted)
  })
})

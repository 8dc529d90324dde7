import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { s3Bucket } from '../../src/publish/s3.ts'
import type { Context } from '../../src/context.ts'
import { errorOf } from './error-of.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly body: string
}

const seen: Seen[] = []
const context = { env: {}, cwd: '/', signal: new AbortController().signal } as unknown as Context

beforeEach(() => {
  seen.length = 0
  for (const [name, value] of Object.entries({ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIAPLANTED', AWS_SECRET_ACCESS_KEY: 'planted-secret', AWS_EC2_METADATA_DISABLED: 'true' })) vi.stubEnv(name, value)
})
afterEach(() => vi.unstubAllEnvs())

async function endpoint(status: number, answer = ''): Promise<void> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', body: Buffer.concat(chunks).toString() })
      response.writeHead(status, { 'content-type': 'application/xml' }).end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

it('puts the bytes under prefix and name', async () => {
  await endpoint(200)
  const bucket = s3Bucket({ bucket: 'bkt', prefix: 'pre/' }, context)
  expect(bucket.address('f.yaml')).toBe('s3://bkt/pre/f.yaml')
  await bucket.upload('f.yaml', Buffer.from('text'))
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['PUT /bkt/pre/f.yaml?x-id=PutObject'])
  expect(seen[0]?.body).toContain('text')
})

it('tells what the service said, without credentials', async () => {
  await endpoint(403, '<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
  const error = await errorOf(() => s3Bucket({ bucket: 'bkt', prefix: '' }, context).upload('f', Buffer.from('text')))
  expect([error.code, error.message]).toEqual(['PUBLISH_FAILED', 'cannot upload to s3://bkt/f: AccessDenied: no'])
  expect(JSON.stringify(error)).not.toContain('planted')
})

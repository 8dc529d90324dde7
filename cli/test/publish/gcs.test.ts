import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { Context } from '../../src/context.ts'
import { gcsBucket } from '../../src/publish/gcs.ts'
import { errorOf } from './error-of.ts'

interface Seen {
  readonly line: string
  readonly body: Buffer
}

async function emulator(status: number): Promise<{ readonly context: Context; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, body: Buffer.concat(chunks) })
      response.writeHead(status).end('{"error":{"message":"planted"}}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, context: { env: { STORAGE_EMULATOR_HOST: host }, cwd: '/', signal: new AbortController().signal } as unknown as Context }
}

it('uploads the bytes under prefix and name', async () => {
  const { seen, context } = await emulator(200)
  const bucket = gcsBucket({ bucket: 'bkt', prefix: 'a b/' }, context)
  expect(bucket.address('f.bin')).toBe('gcs://bkt/a b/f.bin')
  await bucket.upload('f.bin', Buffer.from([0xff, 0x00]))
  expect(seen).toEqual([{ line: 'POST /upload/storage/v1/b/bkt/o?uploadType=media&name=a%20b%2Ff.bin', body: Buffer.from([0xff, 0x00]) }])
})

it('tells the status that was answered, and nothing else of it', async () => {
  const { context } = await emulator(403)
  const error = await errorOf(() => gcsBucket({ bucket: 'bkt', prefix: '' }, context).upload('f', Buffer.from('x')))
  expect([error.code, error.message]).toEqual(['KEY_ACCESS_DENIED', 'cannot upload to gcs://bkt/f: status 403'])
})

/**
 * Where the certificate to seal with comes from: a file, a URL, or the controller.
 * @module
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { errnoText, kindOfFile, readFileBounded } from '../files.ts'
import { ControllerService, isRefusal, type Cluster, type ControllerPlace } from './controller-service.ts'

const ACCEPT_PEM = 'application/x-pem-file, */*'
const MAX_CERTIFICATE_BYTES = 1024 * 1024
const FETCH_TIMEOUT_MS = 30_000
const MAX_REDIRECTS = 10
/** A scheme of one letter is a Windows drive. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/

export interface CertificateSource {
  /** File or URL; absent: the controller is asked. */
  readonly given: string | undefined
  readonly cluster: Cluster
  readonly controller: ControllerPlace
}

/** @returns the bytes as they came, unparsed */
export async function readCertificate({ given, cluster, controller }: CertificateSource, context: Context): Promise<Uint8Array> {
  if (!given) return fromController(cluster, controller)
  const scheme = SCHEME.exec(given)?.[1]?.toLowerCase()
  if (scheme === undefined) return fromFile(given, context)
  if (scheme === 'file') return fromFileUrl(given)
  if (scheme !== 'http' && scheme !== 'https') {
    throw new CodedError('USAGE', `Get "${given}": unsupported protocol scheme "${scheme}"`, { hint: 'use a file, http://, https:// or file://' })
  }
  const url = URL.parse(given)
  if (url === null) throw new CodedError('USAGE', `"${given}" is not a URL`, { hint: 'write https://host/path' })
  return fromUrl(url, context)
}

/** @throws CodedError KUBE_* */
async function fromController(cluster: Cluster, place: ControllerPlace): Promise<Uint8Array> {
  const service = await ControllerService.find(cluster, place, ACCEPT_PEM)
  const answer = await service.get('/v1/cert.pem', ACCEPT_PEM)
  if (isRefusal(answer)) throw new CodedError('KUBE_REFUSED', `cannot fetch certificate: ${answer.message}`)
  return answer.body
}

function fromFile(given: string, { cwd }: Context): Uint8Array {
  const path = resolve(cwd, given)
  if (kindOfFile(path) === 'folder') throw new CodedError('FILE_IS_DIRECTORY', `read ${given}: is a directory`)
  return readFileBounded(path, { limitBytes: MAX_CERTIFICATE_BYTES, name: `open ${given}` })
}

function fromFileUrl(given: string): Uint8Array {
  let path: string
  try {
    path = fileURLToPath(given)
  } catch {
    throw new CodedError('USAGE', `"${given}" is not a file URL`, { hint: 'write file:///absolute/path' })
  }
  if (kindOfFile(path) === undefined) throw new CodedError('FILE_NOT_FOUND', `cannot fetch "${given}": 404 Not Found`)
  return readFileBounded(path, { limitBytes: MAX_CERTIFICATE_BYTES, name: given })
}

async function fromUrl(start: URL, context: Context): Promise<Uint8Array> {
  let url = start
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { status, statusText, location, body } = await get(url, context)
    if (status >= 300 && status < 400 && location !== undefined) {
      const next = URL.parse(location, url.href)
      if (next?.protocol !== 'http:' && next?.protocol !== 'https:') throw new CodedError('FILE_UNREADABLE', `cannot fetch "${shown(start)}": redirected to no URL of the web`)
      url = next
      continue
    }
    if (status !== 200) throw new CodedError('FILE_UNREADABLE', `cannot fetch "${shown(start)}": ${status} ${statusText}`)
    return body
  }
  throw new CodedError('FILE_UNREADABLE', `cannot fetch "${shown(start)}": too many redirects`)
}

/** For messages, as Go has it: without the password. */
function shown(url: URL): string {
  const copy = new URL(url.href)
  if (copy.password !== '') copy.password = '***'
  return copy.href
}

interface Fetched {
  readonly status: number
  readonly statusText: string
  readonly location: string | undefined
  readonly body: Uint8Array
}

/** The usual proxy variables are honoured. */
async function get(url: URL, { env, signal }: Context): Promise<Fetched> {
  const { Agent, get: send } = url.protocol === 'http:' ? await import('node:http') : await import('node:https')
  const options = { agent: new Agent({ proxyEnv: env }), signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]) }
  return new Promise((done, fail) => {
    const unreachable = (cause: unknown): void => fail(new CodedError('FILE_UNREADABLE', `cannot fetch "${shown(url)}": ${errnoText(cause)}`, { cause }))
    send(url, options, (response) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > MAX_CERTIFICATE_BYTES) response.destroy(new CodedError('PARSE_LIMIT', `cannot fetch "${shown(url)}": larger than ${MAX_CERTIFICATE_BYTES} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', (error) => (error instanceof CodedError ? fail(error) : unreachable(error)))
      response.on('end', () =>
        done({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? '',
          location: response.headers.location,
          body: Buffer.concat(chunks),
        }),
      )
    }).on('error', unreachable)
  })
}

/**
 * gRPC's frame around one message, and its statuses: for unary calls over HTTP/2.
 * Follows: grpc/grpc doc/PROTOCOL-HTTP2.md.
 * @module
 */
import { CodedError } from './errors.ts'

export const GRPC_STATUS = { ok: 0, unknown: 2, invalidArgument: 3, notFound: 5, permissionDenied: 7, unimplemented: 12, unavailable: 14 } as const
export const GRPC_CONTENT_TYPE = 'application/grpc'
/** Keys and wrapped keys are small. */
const MAX_MESSAGE_BYTES = 1024 * 1024
const HEADER_BYTES = 5

const STATUS_NAMES: readonly string[] = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted',
  'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated',
]

/** 1 byte: not compressed; 4 bytes: length. */
export function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(message.length, 1)
  return Buffer.concat([header, message])
}

/** @throws CodedError KEY_SERVICE_FAILED */
export function unframe(body: Buffer): Uint8Array {
  const complete = body.length >= HEADER_BYTES && body.readUInt32BE(1) === body.length - HEADER_BYTES
  if (!complete || body[0] !== 0) throw new CodedError('KEY_SERVICE_FAILED', 'message of a key service is cut off or compressed')
  return body.subarray(HEADER_BYTES)
}

/**
 * Everything that comes, up to a limit.
 * @returns bytes that the caller owns and wipes
 * @throws CodedError KEY_SERVICE_FAILED
 */
export async function readGrpcBody(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of stream) {
    total += chunk.length
    if (total > MAX_MESSAGE_BYTES + HEADER_BYTES) throw new CodedError('KEY_SERVICE_FAILED', 'message of a key service is too large')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return body
}

/** In the words of Go's gRPC. @param message - percent-encoded, from the trailers */
export function grpcStatusText(status: number, message: string): string {
  let text = message
  try {
    text = decodeURIComponent(message)
  } catch {
    // not encoded
  }
  return `rpc error: code = ${STATUS_NAMES[status] ?? `Code(${status})`} desc = ${text}`
}

/**
 * The messages of SOPS's key service: protocol buffers whose fields are all texts, bytes, or messages of such.
 * Request: 1 key (one field, whose number tells the kind), 2 data. Response: 1 data. A ciphertext is the `enc` text of a metadata entry.
 * Follows: getsops/sops keyservice/keyservice.proto; protobuf.dev/programming-guides/encoding. Vectors: test/keyservice
 * @module
 */
import { CodedError, decodeText, encodeField, isMap, lastBytes, malformedMessage, type PlainMap, plainMap, readFields } from '@waxseal/core'

interface KeyKind {
  /** The provider's `type`. */
  readonly type: string
  /** In the oneof. */
  readonly number: number
  /** Names in the metadata entry, by field number from 1. */
  readonly fields: readonly string[]
}

const KINDS: readonly KeyKind[] = [
  { type: 'kms', number: 1, fields: ['arn', 'role', 'context', 'aws_profile'] },
  { type: 'pgp', number: 2, fields: ['fp'] },
  { type: 'gcp_kms', number: 3, fields: ['resource_id'] },
  { type: 'azure_kv', number: 4, fields: ['vault_url', 'name', 'version'] },
  { type: 'hc_vault', number: 5, fields: ['vault_address', 'engine_path', 'key_name'] },
  { type: 'age', number: 6, fields: ['recipient'] },
  { type: 'hckms', number: 7, fields: ['key_id'] },
]

export interface KeyRequest {
  readonly type: string
  /** What the kind's metadata entry says of the key. */
  readonly entry: PlainMap
  /** Plaintext to be wrapped, or the `enc` text. */
  readonly data: Uint8Array
}

/** The wrapped key in a metadata entry. */
export function encOf(entry: PlainMap): Buffer {
  const { enc } = entry
  return Buffer.from(typeof enc === 'string' ? enc : '', 'utf8')
}

export function encodeRequest({ type, entry, data }: KeyRequest): Buffer {
  const kind = KINDS.find((candidate) => candidate.type === type)
  if (!kind) throw new CodedError('PROVIDER_UNKNOWN', `key services do not know keys of type ${type}`)
  const fields = kind.fields.map((name, at) => encodeValue(at + 1, entry[name]))
  return Buffer.concat([encodeField(1, encodeField(kind.number, Buffer.concat(fields))), encodeField(2, data)])
}

/** @throws CodedError KEY_SERVICE_FAILED - not such a message, or a kind of key that is not known */
export function decodeRequest(message: Uint8Array): KeyRequest {
  const request = readFields(message)
  const key = bytesFields(lastBytes(request, 1)).at(-1)
  const kind = KINDS.find((candidate) => candidate.number === key?.[0])
  if (!kind || key === undefined) throw malformedMessage('unknown key type')
  const fields = bytesFields(key[1])
  const entry = plainMap(
    kind.fields.flatMap((name, at) => {
      const values = fields.filter(([fieldNumber]) => fieldNumber === at + 1).map(([, value]) => value)
      if (values.length === 0) return []
      return [[name, name === 'context' ? plainMap(values.map(decodeMapEntry)) : decodeText(values.at(-1)!)] as const]
    }),
  )
  return { type: kind.type, entry, data: lastBytes(request, 2) }
}

export function encodeResponse(data: Uint8Array): Buffer {
  return encodeField(1, data)
}

/** @throws CodedError KEY_SERVICE_FAILED */
export function decodeResponse(message: Uint8Array): Uint8Array {
  return lastBytes(readFields(message), 1)
}

/** Every field of these messages that is known here has bytes. */
function bytesFields(message: Uint8Array): readonly (readonly [number, Uint8Array])[] {
  return readFields(message).flatMap(([number, value]) => (typeof value === 'number' ? [] : [[number, value] as const]))
}

/** A text, or a map of texts as repeated messages of key (1) and value (2). */
function encodeValue(number: number, value: PlainMap[string] | undefined): Buffer {
  if (typeof value === 'string' && value !== '') return encodeField(number, Buffer.from(value, 'utf8'))
  if (!isMap(value)) return Buffer.alloc(0)
  return Buffer.concat(
    Object.entries(value).map(([key, text]) => encodeField(number, Buffer.concat([encodeField(1, Buffer.from(key)), encodeValue(2, text)]))),
  )
}

function decodeMapEntry(message: Uint8Array): readonly [string, string] {
  const fields = readFields(message)
  return [decodeText(lastBytes(fields, 1)), decodeText(lastBytes(fields, 2))]
}

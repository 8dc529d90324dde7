/**
 * The messages of SOPS's key service: protocol buffers whose fields are all texts, bytes, or messages of such.
 * Request: 1 key (one field, whose number tells the kind), 2 data. Response: 1 data. A ciphertext is the `enc` text of a metadata entry.
 * Follows: getsops/sops keyservice/keyservice.proto; protobuf.dev/programming-guides/encoding. Vectors: test/keyservice
 * @module
 */
import { CodedError, isMap, type PlainMap, plainMap } from '@waxseal/core'

const LENGTH_DELIMITED = 2

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
  return Buffer.concat([field(1, field(kind.number, Buffer.concat(fields))), field(2, data)])
}

/** @throws CodedError KEY_SERVICE_FAILED - not such a message, or a kind of key that is not known */
export function decodeRequest(message: Uint8Array): KeyRequest {
  const request = readFields(message)
  const key = readFields(last(request, 1)).at(-1)
  const kind = KINDS.find((candidate) => candidate.number === key?.[0])
  if (!kind || key === undefined) throw malformed('unknown key type')
  const fields = readFields(key[1])
  const entry = plainMap(
    kind.fields.flatMap((name, at) => {
      const values = fields.filter(([fieldNumber]) => fieldNumber === at + 1).map(([, value]) => value)
      if (values.length === 0) return []
      return [[name, name === 'context' ? plainMap(values.map(decodeMapEntry)) : decodeText(values.at(-1)!)] as const]
    }),
  )
  return { type: kind.type, entry, data: last(request, 2) }
}

export function encodeResponse(data: Uint8Array): Buffer {
  return field(1, data)
}

/** @throws CodedError KEY_SERVICE_FAILED */
export function decodeResponse(message: Uint8Array): Uint8Array {
  return last(readFields(message), 1)
}

/** A text, or a map of texts as repeated messages of key (1) and value (2). */
function encodeValue(number: number, value: PlainMap[string] | undefined): Buffer {
  if (typeof value === 'string' && value !== '') return field(number, Buffer.from(value, 'utf8'))
  if (!isMap(value)) return Buffer.alloc(0)
  return Buffer.concat(
    Object.entries(value).map(([key, text]) => field(number, Buffer.concat([field(1, Buffer.from(key)), encodeValue(2, text)]))),
  )
}

function decodeMapEntry(message: Uint8Array): readonly [string, string] {
  const fields = readFields(message)
  return [decodeText(last(fields, 1)), decodeText(last(fields, 2))]
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('a text is not UTF-8')
  }
}

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(content.length), content])
}

/** The last one counts; a field that is not there is empty. */
function last(fields: readonly (readonly [number, Uint8Array])[], number: number): Uint8Array {
  return fields.findLast(([candidate]) => candidate === number)?.[1] ?? new Uint8Array()
}

/** The length-delimited fields; fields of other wire types are of later versions and are passed over. */
function readFields(message: Uint8Array): readonly (readonly [number, Uint8Array])[] {
  const fields: (readonly [number, Uint8Array])[] = []
  const reader = new Reader(message)
  while (!reader.ended) {
    const tag = reader.varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (wireType === LENGTH_DELIMITED) fields.push([number, reader.bytes(reader.varint())])
    else if (wireType === 0) reader.varint()
    else if (wireType === 1) reader.bytes(8)
    else if (wireType === 5) reader.bytes(4)
    else throw malformed('unknown wire type')
  }
  return fields
}

class Reader {
  readonly #message: Uint8Array
  #at = 0
  constructor(message: Uint8Array) {
    this.#message = message
  }

  get ended(): boolean {
    return this.#at >= this.#message.length
  }

  bytes(length: number): Uint8Array {
    if (length > this.#message.length - this.#at) throw malformed('a field is cut off')
    return this.#message.subarray(this.#at, (this.#at += length))
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes(1)[0] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw malformed('a number is too long')
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80)
  return Buffer.from([...bytes, value])
}

function malformed(what: string): CodedError {
  return new CodedError('KEY_SERVICE_FAILED', `message of a key service is malformed: ${what}`)
}

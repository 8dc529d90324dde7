/**
 * As much of protocol buffers as the messages of key services need: texts, bytes and messages inside messages, small numbers.
 * Follows: protobuf.dev/programming-guides/encoding. Vectors: test/protobuf.test.ts
 * @module
 */
import { CodedError } from './errors.ts'

const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const
/** 64 bits, as negative numbers take; what is above a safe integer is no length, flag or checksum, and only has to be passed over. */
const MAX_VARINT_BYTES = 10

export type ProtoField = readonly [number: number, value: Uint8Array | number]

/** A text, bytes, or a message. */
export function encodeField(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + WIRE.lengthDelimited), varint(content.length), content])
}

/** @param value - a safe integer, not negative */
export function encodeNumber(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8 + WIRE.varint), varint(value)])
}

/**
 * Fields in the order in which they stand. Fixed-width numbers are of later versions and are passed over.
 * @throws CodedError KEY_SERVICE_FAILED
 */
export function readFields(message: Uint8Array): readonly ProtoField[] {
  const fields: ProtoField[] = []
  const reader = new Reader(message)
  while (!reader.ended) {
    const tag = reader.varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (wireType === WIRE.lengthDelimited) fields.push([number, reader.bytes(reader.varint())])
    else if (wireType === WIRE.varint) fields.push([number, reader.varint()])
    else if (wireType === WIRE.fixed64) reader.bytes(8)
    else if (wireType === WIRE.fixed32) reader.bytes(4)
    else throw malformedMessage('unknown wire type')
  }
  return fields
}

/** The last one counts; a field that is not there is empty. */
export function lastBytes(fields: readonly ProtoField[], number: number): Uint8Array {
  const [, value] = fields.findLast(([candidate]) => candidate === number) ?? []
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** The last one counts; undefined if it is not there. */
export function lastNumber(fields: readonly ProtoField[], number: number): number | undefined {
  const [, value] = fields.findLast(([candidate]) => candidate === number) ?? []
  return typeof value === 'number' ? value : undefined
}

/** @throws CodedError KEY_SERVICE_FAILED */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformedMessage('a text is not UTF-8')
  }
}

export function malformedMessage(what: string): CodedError {
  return new CodedError('KEY_SERVICE_FAILED', `message of a key service is malformed: ${what}`)
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
    if (length > this.#message.length - this.#at) throw malformedMessage('a field is cut off')
    return this.#message.subarray(this.#at, (this.#at += length))
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < MAX_VARINT_BYTES * 7; shift += 7) {
      const byte = this.bytes(1)[0] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw malformedMessage('a number is too long')
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80)
  return Buffer.from([...bytes, value])
}

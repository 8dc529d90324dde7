/**
 * The name of a Service's first port, from the answer of an API server: JSON, or the protobuf that client-go asks for.
 * Follows: k8s.io/apimachinery runtime/serializer/protobuf (a magic number, then an Unknown whose field 2 is the object);
 * core/v1 generated.proto (Service.spec = 2, ServiceSpec.ports = 1, ServicePort.name = 1).
 * @module
 */
const MAGIC = Buffer.from('k8s\0', 'latin1')
const PATH_TO_NAME = [2, 2, 1, 1]
const LENGTH_DELIMITED = 2
/** Bytes of the wire types that have a fixed size: 64 and 32 bits. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/** @returns '' if the port has no name, or the answer is not understood */
export function firstPortName(body: Buffer): string {
  if (body.subarray(0, MAGIC.length).equals(MAGIC)) {
    let message: Buffer | undefined = body.subarray(MAGIC.length)
    for (const field of PATH_TO_NAME) message = message && firstField(message, field)
    return message?.toString('utf8') ?? ''
  }
  try {
    const service = JSON.parse(body.toString('utf8')) as { spec?: { ports?: { name?: string }[] } } | null
    return service?.spec?.ports?.[0]?.name ?? ''
  } catch {
    return ''
  }
}

/** The first length-delimited field of that number. */
function firstField(message: Buffer, wanted: number): Buffer | undefined {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; at < message.length; shift *= 0x80) {
      const byte = message[at++] ?? 0
      value += (byte & 0x7f) * shift
      if (byte < 0x80) break
    }
    return value
  }
  while (at < message.length) {
    const key = varint()
    const type = key & 7
    if (type === LENGTH_DELIMITED) {
      const length = varint()
      if (Math.floor(key / 8) === wanted) return message.subarray(at, at + length)
      at += length
    } else if (type === 0) varint()
    else at += FIXED_BYTES[type] ?? message.length
  }
  return undefined
}

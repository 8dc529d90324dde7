/**
 * Files of any bytes.
 * @module
 */
import * as fc from 'fast-check'
import { text } from './texts.ts'

export const binaryContent: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  text.map((words) => Buffer.from(words)),
  fc.constantFrom('{"data": "x"}', '{"data": "x", "sops": {}}', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n', '\r\n').map((words) => Buffer.from(words)),
)

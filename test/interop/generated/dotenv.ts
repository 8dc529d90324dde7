/**
 * dotenv texts, line by line.
 * @module
 */
import * as fc from 'fast-check'
import { comment, key, text } from './texts.ts'

const line: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(key, text).map(([name, value]) => `${oneLine(name)}=${oneLine(value)}`) },
  { weight: 3, arbitrary: comment.map((words) => `#${words}`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'export A=1', ' spaced = x ', 'A=', 'A==', 'A="quoted"', 'A=a\\nb', 'A=\\\\n', 'A=x # no comment', 'sops=x', 'DUP=1', 'DUP=2') },
)
const rare = fc.constantFrom('no delimiter', '   ', 'sops_mac=x', '=x')

export const dotenvText: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.oneof({ weight: 14, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: rare }), fc.constantFrom('\n', '\n', '\n', '\r\n'), fc.constantFrom('\n', '\n', ''), fc.nat({ max: 30 }))
  .map(([lines, odd, lineEnd, end, bytes]) => {
    const source = Buffer.from([...lines, ...(odd === null ? [] : [odd])].join(lineEnd) + end)
    return bytes === 0 ? Buffer.concat([Buffer.from('BYTES=\xff\xfe\n', 'latin1'), source]) : source
  })

function oneLine(words: string): string {
  return words.replaceAll(/[\r\n]/g, '\\n')
}

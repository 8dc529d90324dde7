/**
 * INI texts: sections, keys, and values in every kind of quotes.
 * @module
 */
import * as fc from 'fast-check'
import { comment, key, text } from './texts.ts'

const value = fc.oneof(
  { weight: 5, arbitrary: text.map(oneLine) },
  { weight: 1, arbitrary: text.map((words) => `"${oneLine(words)}"`) },
  { weight: 1, arbitrary: text.map((words) => `'${oneLine(words)}'`) },
  { weight: 1, arbitrary: text.map((words) => `\`${words.replaceAll(/[`\r]/g, '')}\``) },
  { weight: 1, arbitrary: text.map((words) => `"""${words.replaceAll(/["\r]/g, '')}"""`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'go on \\\n  next line', 'x ; beside', 'x # beside', '"q" junk', '`b` junk', '""', "''", '"', 'a"b', '\\') },
)
const name = fc.oneof({ weight: 8, arbitrary: key.map((words) => words.replaceAll(/[\p{Cc}=:]/gu, '_')) }, { weight: 1, arbitrary: fc.constantFrom('-', '`a:b`', '"a=b"', 'dup', 'DEFAULT', 'with space') })
const entry = fc.tuple(name, fc.constantFrom(' = ', '=', ' : ', '   = '), value).map((parts) => parts.join(''))
const remark = fc.tuple(fc.constantFrom(';', '#', '; ', '## '), comment).map(([marker, words]) => marker + words)
const line = fc.oneof({ weight: 7, arbitrary: entry }, { weight: 3, arbitrary: remark }, { weight: 1, arbitrary: fc.constantFrom('', '  ', '\t') }, { weight: 1, arbitrary: entry.map((words) => `  ${words}`) })
const header = fc.tuple(fc.constantFrom('data', 'a', 'clear', 'note_unencrypted', 'x y', 'ключ', 'DEFAULT', 'a.b', 'a]b', '"q"'), fc.constantFrom('', '', '', ' ; beside', ' junk')).map(([section, behind]) => `[${section}]${behind}`)
const section = fc.tuple(fc.array(remark, { maxLength: 1 }), header, fc.array(line, { maxLength: 5 })).map(([above, head, lines]) => [...above, head, ...lines])

export const iniText: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(line, { maxLength: 3 }), fc.array(section, { maxLength: 3 }), fc.constantFrom('\n', '\n', '\n', '\r\n'), fc.constantFrom('\n', '\n', '', '\n\n'))
  .map(([lines, sections, lineEnd, end]) => Buffer.from([...lines, ...sections.flat()].join('\n').replaceAll('\n', lineEnd) + end))

function oneLine(words: string): string {
  return words.replaceAll(/[\r\n]/g, ' ')
}

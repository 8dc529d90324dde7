/**
 * What the reference's YAML parser says to what ours finds. Where ours does not tell the line that the reference counts, our own words stay.
 * Follows: go.yaml.in/yaml v3, scannerc.go and parserc.go (texts), decode.go (lines: none on the first; the parser's are one too low).
 * @module
 */
import type { CodedError } from '@waxseal/core'

type Where = (line: number) => string | undefined

const here: Where = (line) => (line > 1 ? `line ${line}: ` : '')
const above: Where = (line) => (line > 1 ? `line ${line - 1}: ` : '')
/** What begins on the first line has the line where it is found out. */
const unlessFirst: Where = (line) => (line > 1 ? here(line) : undefined)
/** Further down it is the line where the collection begins. */
const nearTop: Where = (line) => (line > 2 ? undefined : above(line))
const nowhere: Where = () => ''

const WORDS: ReadonlyMap<string, readonly [theirs: string, where: Where]> = new Map([
  ['no value can start with this character', ['found character that cannot start any token', here]],
  ['a list element cannot stand here', ['block sequence entries are not allowed in this context', here]],
  ['a key cannot stand here', ['mapping keys are not allowed in this context', here]],
  ['a value for a key cannot stand here', ['mapping values are not allowed in this context', here]],
  ['only a comment may follow the header of a block scalar', ['did not find expected comment or line break', here]],
  ['the indentation indicator of a block scalar is 0', ['found an indentation indicator equal to 0', here]],
  ['unknown escape inside double quotes', ['found unknown escape character', here]],
  ['the name of an anchor has letters, digits, "-" and "_" only', ['did not find expected alphabetic or numeric character', here]],
  ["a key without ':' behind it", ["could not find expected ':'", unlessFirst]],
  ['this quote is never closed', ['found unexpected end of stream', unlessFirst]],
  ['a value is missing here', ['did not find expected node content', above]],
  ['a key is expected here', ['did not find expected key', nearTop]],
  ["an element of this list must start with '-'", ["did not find expected '-' indicator", nearTop]],
  ["',' or ']' is expected here", ["did not find expected ',' or ']'", nearTop]],
  ["',' or '}' is expected here", ["did not find expected ',' or '}'", nearTop]],
  ['control characters are not allowed', ['control characters are not allowed', nowhere]],
])

/** @param goType - what the reference reads the text into */
export function inYamlWords({ code, message, line = 1, column = 1 }: CodedError, goType: string): string {
  const ours = message.replace(`line ${line}, column ${column}: `, '')
  if (code === 'PARSE_ROOT' && line === 1 && ours.includes('list')) return `yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into ${goType}`
  const [theirs, where] = WORDS.get(ours) ?? []
  const place = where?.(line)
  return `yaml: ${theirs === undefined || place === undefined ? message : place + theirs}`
}
